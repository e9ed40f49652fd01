"""Headless Chromium, driven over the DevTools protocol by the standard library alone.

The browser listens on a pair of pipes (--remote-debugging-pipe): messages are JSON, each ended by a NUL byte.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find():
    """The path of a browser that starts, $NPUSCOPE_CHROMIUM before all; None where there is none."""
    for name in filter(None, (os.environ.get("NPUSCOPE_CHROMIUM"), *NAMES)):
        path = shutil.which(name)
        # Some distributions have a command of that name that only says where to get the browser.
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0:
            return path
    return None


class Browser:
    """One browser with one page. `events` keeps what the page reported: (method, parameters)."""

    def __init__(self, program, timeout=60):
        self.timeout = timeout
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.out = os.pipe()
        self.source, from_browser = os.pipe()
        # The browser reads its commands from descriptor 3 and answers on 4. Its sandbox wants a user other than
        # root, and a kernel that lets users make namespaces; it opens nothing but pages that this program made.
        arguments = [program, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     "--disable-extensions", "--disable-background-networking", "--disable-component-update",
                     "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
                     f"--user-data-dir={self.folder.name}", "about:blank"]
        self.process = subprocess.Popen(["sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", *arguments],
                                        pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        page = next(target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.source)
        self.folder.cleanup()

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.source], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self.source, 1 << 20)
            if not chunk:
                raise RuntimeError(f"the browser ended with code {self.process.wait()}")
            self.buffer += chunk
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + self.timeout
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append((answer["method"], answer.get("params", {})))

    def wait(self, method):
        """Until the event, which may have come already, is there; it is taken out."""
        deadline = time.monotonic() + self.timeout
        while True:
            for index, (name, parameters) in enumerate(self.events):
                if name == method:
                    del self.events[index]
                    return parameters
            answer = self.receive(deadline)
            if "method" in answer:
                self.events.append((answer["method"], answer.get("params", {})))

    def open(self, address):
        self.events = [event for event in self.events if event[0] != "Page.loadEventFired"]
        answer = self.call("Page.navigate", url=address)
        if answer.get("errorText"):
            raise RuntimeError(f"{address}: {answer['errorText']}")
        if answer.get("loaderId"):  # not so where only the part after # changes
            self.wait("Page.loadEventFired")

    def view(self, width, height, dark=False, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 500)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def evaluate(self, expression):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, name, text=None):
        """Presses a key: "Enter" with text "\\r", "Tab", "a" with text "a"."""
        codes = {"Enter": 13, "Tab": 9, " ": 32}
        code = {"windowsVirtualKeyCode": codes.get(name, ord(name[0]))}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, **code, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, **code)

    def picture(self, path):
        """What the window shows, as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
