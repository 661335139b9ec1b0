// setTimeout and its relatives. The host waits between two steps.

export class TimerQueue {
  #timers = new Map();
  #next = 1;

  get isEmpty() {
    return this.#timers.size === 0;
  }

  /** Seconds until the next one is due. */
  get seconds() {
    const due = Math.min(...[...this.#timers.values()].map((timer) => timer.due));
    return Math.max(0, due - performance.now()) / 1000;
  }

  add(call, delay, repeats, args) {
    if (typeof call !== "function") throw new TypeError("a timer takes a function");
    const period = Math.max(repeats ? 1 : 0, Number(delay) || 0);
    const id = this.#next++;
    this.#timers.set(id, { id, call, args, period, repeats, due: performance.now() + period });
    return id;
  }

  remove(id) {
    this.#timers.delete(id);
  }

  clear() {
    this.#timers.clear();
  }

  /** Call the timer that is due first, if one is, and return its value: promises go on between two. */
  runDue() {
    const now = performance.now();
    const due = [...this.#timers.values()].filter((timer) => timer.due <= now);
    if (!due.length) return undefined;
    const timer = due.reduce((a, b) => (b.due < a.due ? b : a));
    if (timer.repeats) timer.due = Math.max(now, timer.due + timer.period);
    else this.#timers.delete(timer.id);
    return timer.call(...timer.args);
  }
}
