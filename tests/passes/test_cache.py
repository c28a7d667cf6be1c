"""The bounded memory: one object a key, the one unused for longest goes first."""

from threading import Barrier, Thread

from walletpass.passes.cache import Cache


def test_a_value_is_made_once() -> None:
    cache: Cache[str, object] = Cache(2)
    assert cache.get("a", object) is cache.get("a", object)


def test_the_value_unused_for_longest_is_forgotten_first() -> None:
    cache: Cache[str, object] = Cache(2)
    first, second = cache.get("a", object), cache.get("b", object)
    cache.get("a", object)
    cache.get("c", object)
    assert cache.get("a", object) is first
    assert cache.get("b", object) is not second


def test_threads_that_ask_at_once_get_the_same_object() -> None:
    cache: Cache[str, object] = Cache(2)
    all_inside = Barrier(4)
    got: list[object] = []

    def make() -> object:
        all_inside.wait(timeout=10)
        return object()

    threads = [Thread(target=lambda: got.append(cache.get("a", make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len(set(map(id, got))) == 1
