package session

// This file runs the client's vectors of sessions.json.

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"eop/internal/frame"
	"eop/internal/grammar"
)

type step struct {
	App, Out, In, Net, Payload string
	NeverResend                bool `json:"never_resend"`
	Count, Hop                 int
	Refused, Fin               bool
	Account                    *struct{ Outstanding int }
	Events                     []map[string]interface{}
}

type vector struct {
	ID, Role, Discipline, Home, Resend string
	Greetings, Limit                   uint32
	Budget                             *uint32
	Steps                              []step
}

func octets(text string) (all []byte) {
	for _, group := range strings.Fields(text) {
		p, ok := grammar.Payload(group)
		if !ok {
			panic(group)
		}
		all = append(all, frame.Fill(make([]byte, 0, frame.HeaderSize+p.Len()), frame.Header{}, p, 0)[frame.HeaderSize:]...)
	}
	return all
}

func TestSessions(t *testing.T) {
	text, err := os.ReadFile("../../../../../vectors/sessions.json")
	if err != nil {
		t.Skip(err)
	}
	var document struct{ Vectors []vector }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, v := range document.Vectors {
		if v.Role == "client" {
			t.Run(v.ID+"/whole", func(t *testing.T) { v.run(t, 1<<30) })
			t.Run(v.ID+"/octets", func(t *testing.T) { v.run(t, 1) })
		}
	}
}

func (v vector) run(t *testing.T, piece int) {
	settings := Defaults()
	settings.Manual = v.Discipline == "manual"
	settings.Automatic = v.Resend == "automatic"
	settings.Greetings, settings.Limit = v.Greetings, v.Limit
	if v.Budget != nil {
		settings.Budget = *v.Budget
	}
	home, _ := grammar.Endpoint(v.Home)
	now := time.Unix(0, 0)
	s := New(home, settings, func() time.Time { return now })
	for i, step := range v.Steps {
		step.play(t, i, s, piece)
		// The contract of the driver waits a little more often than the vectors.
		settles := i+1 < len(v.Steps) && v.Steps[i+1].App == "settle"
		if s.State() == Settling && s.Outstanding() == 0 && !settles {
			s.Settle()
		}
		compare(t, i, s.Events(), step.Events)
	}
	if s.State() == Over && s.Outgoing(make([]byte, 0, 1)) != nil {
		t.Error("wants to send after the end")
	}
}

func (step step) play(t *testing.T, i int, s *Session, piece int) {
	switch {
	case step.App != "":
		if err := step.act(s); (err != nil) != step.Refused {
			t.Errorf("step %d: %s: refused: %v", i, step.App, err)
		}
	case step.In != "":
		for all := octets(step.In); len(all) > 0; {
			n := piece
			if n > len(all) {
				n = len(all)
			}
			s.Octets(all[:n])
			all = all[n:]
		}
	case step.Net != "":
		map[string]func(){
			"connected":   s.Connected,
			"refused":     s.ConnectFailed,
			"fin":         s.Fin,
			"reset":       func() { s.Lost(Uncertain) },
			"write-error": s.WriteFailed,
		}[step.Net]()
	case step.Out != "":
		step.take(t, i, s)
	case step.Account != nil:
		if s.Outstanding() != step.Account.Outstanding {
			t.Errorf("step %d: outstanding %d", i, s.Outstanding())
		}
	}
}

func (step step) act(s *Session) error {
	switch step.App {
	case "send":
		payload, _ := grammar.Payload(step.Payload)
		return s.Send(payload, step.NeverResend)
	case "resend":
		return s.Resend(step.Hop)
	case "drop":
		return s.Drop(step.Hop)
	case "retire":
		return s.Retire(step.Count)
	case "half-close":
		return s.HalfClose()
	case "close":
		s.Close()
	case "settle":
		s.Settle()
	}
	return nil
}

func (step step) take(t *testing.T, i int, s *Session) {
	want := octets(step.Out)
	for len(want) > 0 {
		got := s.Outgoing(make([]byte, 0, len(want)))
		if len(got) == 0 || hex.EncodeToString(got) != hex.EncodeToString(want[:len(got)]) {
			t.Fatalf("step %d: wants to send %x, not %x", i, got, want)
		}
		s.Offered(len(got))
		want = want[len(got):]
	}
	if s.WantsHalfClose() != step.Fin {
		t.Errorf("step %d: wants to half-close: %v", i, !step.Fin)
	}
	if step.Fin {
		s.HalfClosed()
	}
	if step.Out == "-" && s.Outgoing(make([]byte, 0, 1)) != nil {
		t.Errorf("step %d: wants to send", i)
	}
}

func compare(t *testing.T, i int, events []Event, want []map[string]interface{}) {
	t.Helper()
	var got []map[string]interface{}
	for _, event := range events {
		switch e := event.(type) {
		case Delivered:
			got = append(got, map[string]interface{}{"message": hex.EncodeToString(e.Payload)})
		case Redirected:
			got = append(got, map[string]interface{}{"redirected": e.Target.String(), "late": e.Late, "owed": float64(e.Owed)})
		case Ended:
			m := map[string]interface{}{"ended": string(e.Kind), "owed": float64(e.Owed), "unsent": float64(e.Unsent), "uncertain": float64(e.Uncertain)}
			if e.Target != nil {
				m["target"] = e.Target.String()
			}
			if e.Cause != "" {
				m["cause"] = string(e.Cause)
			}
			if e.Reason != "" {
				m["reason"] = string(e.Reason)
			}
			got = append(got, m)
		}
	}
	for _, w := range want {
		delete(w, "kind")
		if payload, ok := w["message"].(string); ok {
			w["message"] = hex.EncodeToString(octets(payload))
		}
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("step %d: got %v, want %v", i, fmt.Sprint(got), fmt.Sprint(want))
	}
}
