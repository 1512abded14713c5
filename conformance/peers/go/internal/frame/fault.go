package frame

// This file has the errors that octets can be.

// Fault is a protocol error by its stable name (section 9 of eop.md).
type Fault string

// The faults that a reader finds.
const (
	NotEop             Fault = "NotEop"
	UnknownOpcode      Fault = "UnknownOpcode"
	ByteOrderMismatch  Fault = "ByteOrderMismatch"
	MessageTooLarge    Fault = "MessageTooLarge"
	TruncatedFrame     Fault = "TruncatedFrame"
	UnexpectedRedirect Fault = "UnexpectedRedirect"
)

func (f Fault) Error() string { return string(f) }

// opcodeFault judges an opcode; first says that no frame came before it on the
// connection. The empty fault is none.
func opcodeFault(opcode Opcode, first bool) Fault {
	switch {
	case opcode == Normal || opcode == Redirect:
		return ""
	case opcode == 0x0100 || opcode == 0x0200: // EOP-OPC-6
		return ByteOrderMismatch
	case first: // EOP-OPC-5
		return NotEop
	default: // EOP-OPC-2
		return UnknownOpcode
	}
}
