// An endpoint: an IPv4 address and a TCP port, as a header carries it and as it is written, 192.0.2.10:9000.
package eop;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

record Endpoint(int addr, int port) {
    static final Endpoint ZERO = new Endpoint(0, 0);

    static Endpoint of(SocketAddress address) {
        InetSocketAddress inet = (InetSocketAddress) address;
        byte[] quad = ((Inet4Address) inet.getAddress()).getAddress();
        int addr = 0;
        for (byte octet : quad) {
            addr = addr << 8 | octet & 0xff;
        }
        return new Endpoint(addr, inet.getPort());
    }

    InetSocketAddress toSocketAddress() {
        byte[] quad = {(byte) (addr >> 24), (byte) (addr >> 16), (byte) (addr >> 8), (byte) addr};
        try {
            return new InetSocketAddress(InetAddress.getByAddress(quad), port);
        } catch (UnknownHostException e) {
            throw new AssertionError("four octets are an address", e);
        }
    }

    /** Whether the address lies in {@code network/prefix}. */
    boolean in(int network, int prefix) {
        return prefix == 0 || (addr ^ network) >>> (32 - prefix) == 0;
    }

    boolean isLoopback() {
        return in(127 << 24, 8);
    }

    /** What no server sends a client to (EOP-RED-14) and no client follows (EOP-POL-1). */
    boolean isForbidden() {
        return port == 0 || in(0, 8) || in(224 << 24, 4) || in(240 << 24, 4);
    }

    @Override
    public String toString() {
        return (addr >>> 24) + "." + (addr >> 16 & 0xff) + "." + (addr >> 8 & 0xff) + "." + (addr & 0xff) + ":" + port;
    }
}
