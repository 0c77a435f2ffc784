"""Runs a program in a terminal of 80 columns and 24 rows. For each step it waits until the text is on the screen, and
then sends the keys, the signal (SIGTERM), or a new size of the terminal (SIZE 40x12). Prints all that was written, and
ends as the program did: with its code, or by its signal."""

import codecs, fcntl, os, pty, re, select, signal, struct, sys, termios, time, unicodedata


class Screen:
    """What is on the screen, as far as these programs use it: programs write only what has changed."""

    def __init__(self, columns, rows):
        self.x = self.y = 0
        self.cells = []
        self.rest = ""
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        kept = [(line + [" "] * columns)[:columns] for line in self.cells[:rows]]
        self.cells = kept + [[" "] * columns for _ in range(rows - len(kept))]
        self.move(self.x, self.y)

    def move(self, x, y):
        self.x, self.y = min(max(x, 0), self.columns - 1), min(max(y, 0), self.rows - 1)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells)

    def write(self, text):
        text = self.rest + text
        sequence = re.compile(
            r"\x1b\[([?>=]?)([\d;]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|([^\x1b])"
        )
        at = 0
        while found := sequence.match(text, at):
            at = found.end()
            private, numbers, final, character = found.groups()
            if character:
                self.put(character)
            elif final:
                self.obey(private, [int(number or 0) for number in numbers.split(";")], final)
        self.rest = text[at:]

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            if self.y == self.rows - 1:
                self.cells = self.cells[1:] + [[" "] * self.columns]
            self.move(self.x, self.y + 1)
        elif character >= " " and not unicodedata.combining(character):
            wide = unicodedata.east_asian_width(character) in "WF"
            if self.x < self.columns:
                self.cells[self.y][self.x : self.x + 1 + wide] = [character, ""][: 1 + wide]
            self.x += 1 + wide

    def obey(self, private, numbers, final):
        number = numbers[0]
        line = self.cells[self.y]
        if final == "H":
            self.move((numbers + [1])[1] - 1, number - 1)
        elif final in "ABCD" and not private:
            step = max(number, 1)
            across, down = {"A": (0, -1), "B": (0, 1), "C": (1, 0), "D": (-1, 0)}[final]
            self.move(self.x + across * step, self.y + down * step)
        elif final == "K":
            line[self.x if number == 0 else 0 :] = [" "] * (self.columns - (self.x if number == 0 else 0))
        elif final == "J" and number == 0:
            line[self.x :] = [" "] * (self.columns - self.x)
            self.cells[self.y + 1 :] = [[" "] * self.columns for _ in range(self.rows - self.y - 1)]
        elif final == "J" or (private and number == 1049):
            self.cells = [[" "] * self.columns for _ in range(self.rows)]


steps = list(zip(sys.argv[2::2], sys.argv[3::2]))
command = sys.argv[1].split("\x1f")
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)


def set_size(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


set_size(80, 24)
screen, decoder = Screen(80, 24), codecs.getincrementaldecoder("utf-8")("replace")
written, deadline = b"", time.monotonic() + 50
while time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
        screen.write(decoder.decode(part))
    while steps and steps[0][0] in screen.text():
        _, keys = steps.pop(0)
        if keys == "SIGTERM":
            os.kill(pid, signal.SIGTERM)
        elif keys.startswith("SIZE "):
            columns, rows = map(int, keys[5:].split("x"))
            screen.resize(columns, rows)
            set_size(columns, rows)
        else:
            os.write(terminal, keys.encode())
else:
    os.kill(pid, signal.SIGKILL)
    print("nothing came for", steps[:1], "on\n" + screen.text(), file=sys.stderr)
sys.stdout.buffer.write(written)
sys.stdout.flush()
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if code < 0:
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
sys.exit(code)
