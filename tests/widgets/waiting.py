"""How the tests wait for threads and act as a page does."""

import threading
import time


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.001)


def threads(name="dqn_lib"):
    """The threads whose names begin with this one."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def together(jobs):
    """Run all jobs in threads of their own; what one raises is raised here."""
    raised = []

    def guarded(job):
        try:
            job()
        except BaseException as problem:
            raised.append(problem)

    workers = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert not any(worker.is_alive() for worker in workers)
    if raised:
        raise raised[0]


def press(widget, *buttons):
    """Press buttons, as a page does it."""
    for button in buttons:
        widget._handle_custom_msg({"press": button}, [])


def words(widget, *, alarm=False):
    """The words of the status, which is an alarm or not."""
    assert (widget.status["alarm"], widget.status["running"]) == (alarm, widget.running), widget.status
    return widget.status["words"]
