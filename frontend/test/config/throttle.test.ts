import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Throttle } from "../../src/config/throttle";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("the first call is made at once, the last one for certain, none too soon", () => {
  const times: number[] = [];
  const start = Date.now();
  const throttle = new Throttle(50, () => times.push(Date.now() - start));
  for (let ms = 0; ms < 200; ms += 5) {
    throttle.request();
    vi.advanceTimersByTime(5);
  }
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0, 50, 100, 150, 200]);
});

test("what waits can be done now, once, or be forgotten", () => {
  const call = vi.fn();
  const throttle = new Throttle(50, call);
  throttle.request();
  throttle.request();
  throttle.flush();
  expect(call).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(call).toHaveBeenCalledTimes(2);
  throttle.request();
  throttle.request();
  throttle.cancel();
  vi.advanceTimersByTime(1000);
  expect(call).toHaveBeenCalledTimes(3);
});
