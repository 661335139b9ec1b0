import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Announcer } from "../src/lib/announcer";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("the first thing is said at once, of what follows only the last, after a pause", () => {
  const announcer = new Announcer(4000);
  const said = (): string | null => announcer.element.textContent;
  announcer.say("reading the prompt");
  expect(said()).toBe("reading the prompt");
  for (let token = 1; token <= 1000; token++) announcer.say(`${token} tokens`);
  vi.advanceTimersByTime(3999);
  expect(said()).toBe("reading the prompt");
  vi.advanceTimersByTime(1);
  expect(said()).toBe("1000 tokens");
  announcer.say("finished");
  expect(said()).toBe("1000 tokens");
  vi.advanceTimersByTime(4000);
  expect(said()).toBe("finished");
});

test("after a silence it speaks at once again", () => {
  const announcer = new Announcer(4000);
  announcer.say("a");
  vi.advanceTimersByTime(4000);
  announcer.say("b");
  expect(announcer.element.textContent).toBe("b");
});

test("a closed one says nothing more and leaves no timer", () => {
  const announcer = new Announcer(4000);
  announcer.say("a");
  announcer.say("b");
  announcer.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("it is a polite live region that nobody sees", () => {
  const { element } = new Announcer();
  expect(element.getAttribute("role")).toBe("status");
  expect(element.className).toBe("wasinn-visually-hidden");
});

test("last words stay in the page when their view has gone, and do not pile up", () => {
  const announcer = new Announcer(4000);
  announcer.say("generating");
  announcer.last("finished");
  expect(announcer.element.textContent).toBe("");
  const region = document.getElementById("wasinn-last-words");
  expect(region?.getAttribute("role")).toBe("log");
  expect(region?.lastChild?.textContent).toBe("finished");
  for (let run = 0; run < 100; run++) new Announcer().last(`run ${run}`);
  expect(document.querySelectorAll("#wasinn-last-words")).toHaveLength(1);
  expect(region?.childElementCount).toBe(5);
  expect(region?.lastChild?.textContent).toBe("run 99");
});
