"""A world of its own for programs that make network namespaces, mounts and processes.

Run() calls a function as process 1 of new network, mount and process namespaces, with a private /run and a bpffs on
/sys/fs/bpf. When it ends, however it ends, the kernel ends every process in it and frees every namespace, mount, pin
and link: nothing is left behind, also when Run()'s own process is killed. Two of them never meet.
"""

import ctypes
import os
import signal
import subprocess
import sys
import traceback

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def mount(source, target, kind, flags=0):
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, None), f"mount {kind} on {target}")


def _enter():
    unshare(CLONE_NEWNS | CLONE_NEWNET)
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")
    mount("tmpfs", "/run", "tmpfs")
    os.mkdir("/run/netns")
    mount("bpf", "/sys/fs/bpf", "bpf")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _be_process_one(function):
    code = 1
    try:
        _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # the parent decides
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        _enter()
        code = function()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(function):
    """The function's exit code; 130 where a signal stopped it."""
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    unshare(CLONE_NEWPID)  # holds for the children from here on
    child = os.fork()
    if child == 0:
        _be_process_one(function)

    stopped = []

    def stop(number, frame):
        stopped.append(number)
        os.kill(child, signal.SIGKILL)  # process 1: the kernel takes all the others along

    for number in SIGNALS:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _, status = os.waitpid(child, 0)  # returns when the last process of the namespace is gone
    return 130 if stopped else os.waitstatus_to_exitcode(status)
