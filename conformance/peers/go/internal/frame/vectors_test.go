package frame

// This file runs the golden vectors: frames.json, rejects.json, streams.json.

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const vectorsFolder = "../../../../../vectors"

func load[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsFolder, name))
	if err != nil {
		t.Skip(err)
	}
	var document struct{ Vectors []T }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Vectors
}

func octets(t *testing.T, text string) []byte {
	t.Helper()
	var all []byte
	for _, group := range strings.Fields(text) {
		if group == "-" {
			continue
		}
		if group[0] == '@' {
			n, err := strconv.ParseUint(group[1:], 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			p := Pattern(uint32(n))
			for offset := int64(0); offset < p.Len(); {
				run := p.From(offset)
				all = append(all, run...)
				offset += int64(len(run))
			}
			continue
		}
		decoded, err := hex.DecodeString(group)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, decoded...)
	}
	return all
}

type meaning struct{ Type, Target, Payload string }

func check(t *testing.T, f *Frame, m meaning) {
	t.Helper()
	kind := map[Opcode]string{Normal: "normal", Redirect: "redirect"}[f.Opcode]
	if kind != m.Type || !bytes.Equal(f.Payload, octets(t, m.Payload)) {
		t.Errorf("got %s with %d octets, want %v", kind, len(f.Payload), m)
	}
	if m.Type == "redirect" && f.Target().String() != m.Target {
		t.Errorf("got target %s, want %s", f.Target(), m.Target)
	}
}

func TestFrames(t *testing.T) {
	type vector struct {
		ID, Octets string
		Fields     struct {
			Opcode, Port uint16
			Slen         uint32
		}
		Meaning   meaning
		Canonical bool
	}
	for _, v := range load[vector](t, "frames.json") {
		t.Run(v.ID, func(t *testing.T) {
			want := octets(t, v.Octets)
			f, rest, err := NewReader(math.MaxUint32).Feed(want)
			if f == nil || len(rest) > 0 || err != nil {
				t.Fatal(f, rest, err)
			}
			check(t, f, v.Meaning)
			if uint16(f.Opcode) != v.Fields.Opcode || f.Port != v.Fields.Port || f.Slen != v.Fields.Slen {
				t.Errorf("got %v, want %v", f.Header, v.Fields)
			}
			if !v.Canonical {
				return
			}
			payload, err := Octets(f.Payload)
			header := NormalHeader(payload)
			if f.Opcode == Redirect {
				header = RedirectHeader(f.Target(), payload)
			}
			if got := Fill(make([]byte, 0, len(want)), header, payload, 0); err != nil || !bytes.Equal(got, want) {
				t.Errorf("encoded %x, want %x", got, want)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	type vector struct {
		ID, Octets, Twin  string
		Limit             *uint32
		Error             struct{ First, Later Fault }
		Suffice, Possible int
	}
	for _, v := range load[vector](t, "rejects.json") {
		limit := uint32(math.MaxUint32)
		if v.Limit != nil {
			limit = *v.Limit
		}
		t.Run(v.ID+"/first", func(t *testing.T) {
			reject(t, NewReader(limit), octets(t, v.Octets), v.Error.First, v.Possible, v.Suffice)
		})
		t.Run(v.ID+"/later", func(t *testing.T) {
			r := NewReader(limit)
			if f, _, err := r.Feed(NormalHeader(Text("")).Append(nil)); f == nil || err != nil {
				t.Fatal(f, err)
			}
			reject(t, r, octets(t, v.Octets), v.Error.Later, v.Possible, v.Suffice)
		})
		f, _, err := NewReader(limit).Feed(octets(t, v.Twin))
		if f == nil || err != nil {
			t.Errorf("%s: twin: %v", v.ID, err)
		}
	}
}

func reject(t *testing.T, r *Reader, all []byte, want Fault, possible, suffice int) {
	for i := range all {
		_, _, err := r.Feed(all[i : i+1])
		if err == nil {
			continue
		}
		if n := i + 1; err != want || n < possible || n > suffice {
			t.Errorf("got %v with octet %d, want %v with %d to %d", err, n, want, possible, suffice)
		}
		return
	}
	t.Error("no error")
}

type stream struct {
	ID, Octets, End, Rest string
	Limit                 uint32
	Items                 []meaning
	Error                 *Fault
	Cuts                  []json.RawMessage
}

func TestStreams(t *testing.T) {
	for _, v := range load[stream](t, "streams.json") {
		all := octets(t, v.Octets)
		for _, cut := range v.Cuts {
			var ends []int
			if json.Unmarshal(cut, &ends) != nil { // "octets"
				for i := range all {
					ends = append(ends, i)
				}
			}
			t.Run(v.ID+"/"+string(cut), func(t *testing.T) { v.run(t, all, append(ends, len(all))) })
		}
	}
}

func (v stream) run(t *testing.T, all []byte, ends []int) {
	r := NewReader(v.Limit)
	var frames []*Frame
	var fault error
	left := []byte(nil)
	moved, from := false, 0
	for _, end := range ends {
		piece := all[from:end]
		from = end
		for !moved && fault == nil {
			var f *Frame
			if f, piece, fault = r.Feed(piece); f == nil {
				break
			}
			frames = append(frames, f)
			moved = f.Opcode == Redirect
		}
		if moved {
			left = append(left, piece...)
		}
	}
	if len(frames) != len(v.Items) {
		t.Fatalf("got %d frames, want %d", len(frames), len(v.Items))
	}
	for i, f := range frames {
		check(t, f, v.Items[i])
	}
	if (v.Error == nil) != (fault == nil) || v.Error != nil && fault != *v.Error {
		t.Errorf("got error %v, want %v", fault, v.Error)
	}
	if fault == nil && r.InFrame() != (v.End == "inside") {
		t.Errorf("ended inside a frame: %v, want end %s", r.InFrame(), v.End)
	}
	if !bytes.Equal(left, octets(t, v.Rest)) {
		t.Errorf("left %x, want %s", left, v.Rest)
	}
}
