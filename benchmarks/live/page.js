/* What is measured inside the page. Times are milliseconds of the machine's clock, as the kernel's.
 * "Painted" is the end of the next frame after the change: what is written in an animation frame
 * counts as painted one frame late, never early. */
(() => {
  const soon = (tell) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => tell(Date.now());
    channel.port2.postMessage(0);
  };
  const painted = (tell) => requestAnimationFrame(() => soon(tell));

  const watch = (look) => {
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, characterData: true, subtree: true });
    return observer;
  };

  const SHOWN = {
    silent: ".wasinn-stream-plain",
    printing: '[data-mime-type="application/vnd.jupyter.stdout"] pre',
  };
  const shown = (who) => {
    let length = 0;
    for (const one of document.querySelectorAll(SHOWN[who])) length += one.textContent.length;
    return length;
  };

  let clicked = 0;
  document.addEventListener(
    "click",
    (event) => (clicked = Date.now() - (performance.now() - event.timeStamp)),
    { capture: true },
  );

  window.bench = {
    /* From now on, how many characters were painted when. */
    followText(who) {
      const samples = [];
      let last = 0;
      let scheduled = false;
      const observer = watch(() => {
        if (scheduled) return;
        scheduled = true;
        requestAnimationFrame(() => {
          scheduled = false;
          const length = shown(who);
          if (length <= last) return;
          last = length;
          soon((at) => samples.push([length, at]));
        });
      });
      this.textFollowed = () => (observer.disconnect(), samples);
    },

    /* When the condition, a function's source, holds and what it saw is painted. */
    expect(condition) {
      const holds = eval(condition);
      this.expected = new Promise((resolve) => {
        const observer = watch(() => {
          if (!holds()) return;
          observer.disconnect();
          painted(resolve);
        });
      });
    },

    /* When the last click was made. */
    clicked: () => clicked,

    /* From now on, the time between frames and the tasks of 50 ms and more. */
    followFrames() {
      const tasks = [];
      const gaps = [];
      let last = performance.now();
      let goesOn = true;
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      });
      observer.observe({ entryTypes: ["longtask"] });
      const frame = (now) => {
        gaps.push(now - last);
        last = now;
        if (goesOn) requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      this.framesFollowed = () => {
        goesOn = false;
        observer.disconnect();
        return { gaps, tasks };
      };
    },
  };
})();
