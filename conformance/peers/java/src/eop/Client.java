// The driver of the client under test: says hello, then performs the commands of standard input (testee.md, section 3).
package eop;

import java.io.IOException;

public final class Client {
    private Client() {}

    public static void main(String[] args) throws IOException {
        Loop loop = new Loop();
        Driver driver = new Driver(loop);
        Events.hello();
        StandardInput.follow(loop, driver::line);
        loop.run();
    }
}
