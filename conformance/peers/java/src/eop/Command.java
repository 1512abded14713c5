// The commands of the driver (testee.md, section 3.2).
package eop;

sealed interface Command {
    String verb();

    record Connect(Endpoint home, Settings settings) implements Command {
        @Override
        public String verb() {
            return "connect";
        }
    }

    record Send(Payload payload, boolean neverResend) implements Command {
        @Override
        public String verb() {
            return "send";
        }
    }

    record Retire(long count) implements Command {
        @Override
        public String verb() {
            return "retire";
        }
    }

    record Resend(long hop) implements Command {
        @Override
        public String verb() {
            return "resend";
        }
    }

    record Drop(long hop) implements Command {
        @Override
        public String verb() {
            return "drop";
        }
    }

    record HalfClose() implements Command {
        @Override
        public String verb() {
            return "half-close";
        }
    }

    record Close() implements Command {
        @Override
        public String verb() {
            return "close";
        }
    }

    record Sync(String token) implements Command {
        @Override
        public String verb() {
            return "sync";
        }
    }
}
