import { afterEach, expect, test, vi } from "vitest";
import { Notification } from "@jupyterlab/apputils";
import { nullTranslator } from "@jupyterlab/translation";
import { Signal } from "@lumino/signaling";
import type { Context } from "../../src/commands/context";
import { stop } from "../../src/commands/run";
import type { Standing } from "../../src/tokens";

class FakeHost {
  readonly kernelId = "kernel-1";
  standing: Standing = "live";
  readonly standingChanged = new Signal<FakeHost, Standing>(this);
  readonly asked: string[] = [];
  private answer: (() => void) | undefined;

  ask(kind: string): Promise<object> {
    this.asked.push(kind);
    return new Promise((resolve) => (this.answer = () => resolve({})));
  }

  stand(standing: Standing): void {
    this.standing = standing;
    this.standingChanged.emit(standing);
  }

  done(): void {
    this.answer?.();
  }
}

/** The command over a host, and how often its kernel was interrupted. */
function stopping(host: FakeHost) {
  const interrupt = vi.fn(() => Promise.resolve());
  const context = {
    hosts: { current: host, context: { session: { kernel: { interrupt } } } },
    trans: nullTranslator.load("wasinn_nb"),
  } as unknown as Context;
  const ended = Promise.resolve(stop(context).execute({}));
  return { interrupt, ended };
}

const notices = () => Notification.manager.notifications;

afterEach(() => Notification.dismiss());

test("a kernel that answers is asked, and nothing is said", async () => {
  const host = new FakeHost();
  const { ended, interrupt } = stopping(host);
  host.done();
  await ended;
  expect(host.asked).toEqual(["stop"]);
  expect(notices()).toHaveLength(0);
  expect(interrupt).not.toHaveBeenCalled();
});

test("one that does not answer can be interrupted, until it does", async () => {
  const host = new FakeHost();
  const { ended, interrupt } = stopping(host);
  expect(notices()).toHaveLength(0);
  host.stand("silent");
  host.stand("live");
  host.stand("silent"); // once is enough
  expect(notices()).toHaveLength(1);
  const [action] = notices()[0]?.options.actions ?? [];
  expect(action?.label).toBe("Interrupt");
  action?.callback(new MouseEvent("click"));
  expect(interrupt).toHaveBeenCalledOnce();
  host.done();
  await ended;
  expect(notices()).toHaveLength(0);
  host.stand("silent");
  expect(notices()).toHaveLength(0);
});
