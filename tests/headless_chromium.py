"""A headless Chromium for tests and measurements: opens pages of this machine, runs scripts in them, takes pictures.

It speaks the DevTools protocol over two pipes, so that no port is open and no package is needed.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
_OPTIONS = (
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
    '--disable-component-update --disable-sync --hide-scrollbars --force-device-scale-factor=1 --remote-debugging-pipe'
).split()
_SECONDS = 60
# The protocol reads file 3 and writes file 4; copies far above do not get in the way.
_WIRE = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(file), fcntl.F_DUPFD, 100) for file in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_WATCH = """

window.problems = [];
for (const kind of ['error', 'unhandledrejection', 'securitypolicyviolation']) {
  const note = (event) => window.problems.push(String(event.message || event.reason || event.violatedDirective));
  window.addEventListener(kind, note, true);
}
"""


class Chromium:
    """One browser process with one page.

    Args:
        width, height: of the window.

    Attributes:
        pid: of its first process.
    """

    def __init__(self, width: int = 1400, height: int = 1000) -> None:
        self._profile = TemporaryDirectory()
        own_read, their_write = os.pipe()
        their_read, own_write = os.pipe()
        command = [CHROMIUM, *_OPTIONS, f'--user-data-dir={self._profile.name}', f'--window-size={width},{height}']
        wired = [sys.executable, '-c', _WIRE, str(their_read), str(their_write), *command, 'about:blank']
        self._process = subprocess.Popen(
            wired, pass_fds=(their_read, their_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(their_read)
        os.close(their_write)
        self.pid = self._process.pid
        self._read, self._write = own_read, own_write
        self._numbers = itertools.count(1)
        self._buffer, self._events, self._session = b'', [], None
        (page,) = [one for one in self._ask('Target.getTargets')['targetInfos'] if one['type'] == 'page']
        attached = self._ask('Target.attachToTarget', targetId=page['targetId'], flatten=True)
        self._session = attached['sessionId']
        self._ask('Page.enable')
        self._ask('Page.addScriptToEvaluateOnNewDocument', source=_WATCH)

    def open(self, path: Path) -> None:
        """Opens a file and waits until its scripts have run."""
        self._events.clear()
        self._ask('Page.navigate', url=Path(path).resolve().as_uri())
        self._wait_for('Page.loadEventFired')

    def run(self, script: str) -> Any:
        """The value of a script, which may be a promise."""
        answer = self._ask('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails'].get('exception', {}).get('description', str(answer)))
        return answer['result'].get('value')

    def wait(self, condition: str, seconds: float = _SECONDS) -> None:
        """Waits until a script gives something true."""
        end = time.monotonic() + seconds
        while not self.run(condition):
            if time.monotonic() > end:
                raise TimeoutError(f'{condition} did not come true in {seconds} s')
            time.sleep(0.01)

    def press(self, key: str) -> None:
        """Presses a key of the keyboard."""
        text = {'text': key} if len(key) == 1 else {}
        self._ask('Input.dispatchKeyEvent', type='keyDown', key=key, **text)
        self._ask('Input.dispatchKeyEvent', type='keyUp', key=key)

    def mouse(self, kind: str, x: float, y: float, **further: Any) -> None:
        """A mouse event: ``mouseMoved``, ``mousePressed``, ``mouseReleased``, ``mouseWheel``."""
        self._ask('Input.dispatchMouseEvent', type=kind, x=x, y=y, **further)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags with the left button."""
        self.mouse('mousePressed', *start, button='left', buttons=1, clickCount=1)
        self.mouse('mouseMoved', *end, button='left', buttons=1)
        self.mouse('mouseReleased', *end, button='left', clickCount=1)

    def click(self, x: float, y: float) -> None:
        """Clicks with the left button."""
        self.mouse('mouseMoved', x, y)
        self.drag((x, y), (x, y))

    def picture(self) -> np.ndarray:
        """(H, W, 3) uint8 of what the window shows."""
        shot = self._ask('Page.captureScreenshot', format='png')
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(shot['data']))).convert('RGB'))

    def close(self) -> None:
        """Ends the browser."""
        try:
            self._ask('Browser.close')
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {'id': number, 'method': method, 'params': parameters}
        if self._session is not None and not method.startswith(('Browser', 'Target')):
            message['sessionId'] = self._session
        os.write(self._write, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]["message"]}')
                return answer['result']
            self._events.append(answer.get('method'))

    def _wait_for(self, event: str) -> None:
        while event not in self._events:
            self._events.append(self._receive().get('method'))

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + _SECONDS
        while b'\0' not in self._buffer:
            if not select.select([self._read], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f'the browser did not answer in {_SECONDS} s')
            part = os.read(self._read, 1 << 20)
            if not part:
                raise OSError('the browser is gone')
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b'\0')
        return json.loads(message)
