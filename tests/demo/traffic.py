"""The demo's servers and clients.

usage: traffic.py serve web|router|collector      prints `listening`, then serves until it is ended
       traffic.py talk client|app                 real requests; ends with 1 where an answer is missing or wrong
"""

import http.server
import os
import socket
import socketserver
import struct
import sys
import threading
import urllib.request

import world

PAGE = b"".join(b"%07d: one line of a page of the shop\n" % n for n in range(2000))  # some 80 kB: super-frames
ECHO_SIZES = (0, 1, 18, 100, 512, 1472, 3000)  # the last one leaves in fragments
TIMEOUT = 5


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"ok\n" if self.path == "/healthz" else PAGE
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):  # HTTPServer's own would ask a resolver for this host's name
        socketserver.TCPServer.server_bind(self)


def serve_http(port):
    # [::] takes IPv4 too.
    server = Server6(("::", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def serve_udp(address, port, answer):
    """Answers each datagram from the address it was sent to; answer() may return None."""
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))

    def loop():
        while True:
            request, peer = s.recvfrom(65535)
            reply = answer(request)
            if reply is not None:
                s.sendto(reply, peer)

    threading.Thread(target=loop, daemon=True).start()


def dns_answer(query):
    """A or AAAA of whatever is asked (RFC 1035): the web pod."""
    end = 12
    while query[end]:
        end += 1 + query[end]
    kind = struct.unpack("!H", query[end + 1:end + 3])[0]
    address = socket.inet_pton(*((socket.AF_INET6, world.WEB_V6) if kind == 28 else (socket.AF_INET, world.WEB_V4)))
    header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, kind, 1, 30, len(address)) + address
    return header + query[12:end + 5] + record


def serve(role):
    if role == "web":
        serve_http(80)
        serve_http(8080)
        for address in (world.WEB_V4, world.WEB_V6):
            serve_udp(address, 7, lambda request: request)
            serve_udp(address, 9, lambda request: None)
    elif role == "router":
        for address in (world.DNS_V4, world.DNS_V6, world.OTHER_DNS_V4):
            serve_udp(address, 53, dns_answer)
        serve_http(80)  # instance metadata
    else:
        serve_udp("0.0.0.0", 4789, lambda request: None)
    print("listening", flush=True)
    threading.Event().wait()


def expect(right, what):
    if not right:
        sys.exit(f"traffic: {what}")


def get(url, expected=PAGE):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=TIMEOUT) as response:
        expect(response.read() == expected, f"{url} sent something else")


def health_check():
    s = socket.create_connection((world.WEB_V4, 80), TIMEOUT, source_address=(world.CHECKER_V4, 0))
    s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = b""
    while block := s.recv(4096):
        answer += block
    expect(answer.endswith(b"\r\n\r\nok\n"), "the health check failed")
    s.close()


def udp(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(TIMEOUT)
    s.connect((address, port))
    return s


def echo(address):
    s = udp(address, 7)
    for size in ECHO_SIZES:
        payload = os.urandom(size)
        s.send(payload)
        expect(s.recv(65535) == payload, f"the echo of {size} bytes from {address} differs")


def discard(address):
    s = udp(address, 9)
    for _ in range(5):
        s.send(b"nobody mirrors this")


def lookup(server, name, kind, expected):
    s = udp(server, 53)
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    s.send(os.urandom(2) + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1))
    answer = s.recv(512)
    family = socket.AF_INET6 if kind == 28 else socket.AF_INET
    expect(answer.endswith(socket.inet_pton(family, expected)), f"{server} answered {name} wrongly")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address, size=200, count=5):
    six = ":" in address
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    request, reply = (128, 129) if six else (8, 0)
    s = socket.socket(family, socket.SOCK_RAW, protocol)
    s.settimeout(TIMEOUT)
    for sequence in range(count):
        body = struct.pack("!HH", os.getpid() & 0xFFFF, sequence) + os.urandom(size)
        # The kernel fills in the ICMPv6 checksum, and only that.
        sum_ = 0 if six else checksum(struct.pack("!BBH", request, 0, 0) + body)
        s.sendto(struct.pack("!BBH", request, 0, sum_) + body, (address, 0))
        while True:
            message = s.recv(65535)
            if not six:
                message = message[(message[0] & 15) * 4:]
            if message[0] == reply and message[4:] == body:
                break


def talk_client():
    for _ in range(5):
        get(f"http://{world.WEB_V4}/")
        get(f"http://[{world.WEB_V6}]/")
        health_check()
    get(f"http://{world.WEB_V4}:8080/")
    get(f"http://[{world.WEB_V6}]:8080/")
    for address in (world.WEB_V4, world.WEB_V6):
        echo(address)
        discard(address)
        ping(address)
    for address in (world.APP_V4, world.APP_V6):
        ping(address, 30)


def talk_app():
    for server in (world.DNS_V4, world.DNS_V6):
        lookup(server, "web.shop.svc.cluster.local", 1, world.WEB_V4)
        lookup(server, "web.shop.svc.cluster.local", 28, world.WEB_V6)
    lookup(world.OTHER_DNS_V4, "web.example", 1, world.WEB_V4)
    for _ in range(5):
        get(f"http://{world.WEB_V4}/")
        get(f"http://[{world.WEB_V6}]/")
    get(f"http://{world.METADATA}/")
    for address in (world.WEB_V4, world.WEB_V6):
        echo(address)
        ping(address)


if __name__ == "__main__":
    action, who = sys.argv[1:]
    if action == "serve":
        serve(who)
    {"client": talk_client, "app": talk_app}[who]()
