// What a reviewer said, on its way to the server: in order, in the background, again until it arrives.
(function () {
  "use strict";

  const FIRST_PAUSE_MS = 500;
  const LONGEST_PAUSE_MS = 15000;

  class Refusal extends Error {
    constructor(status, text) {
      super(text);
      this.status = status;
    }
  }

  async function post(path, body, more) {
    const answer = await fetch("/api/v1/desk/" + path, Object.assign({
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
    }, more));
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const problem = await answer.json().catch(function () { return {}; });
    throw new Refusal(answer.status, problem.detail || String(answer.status));
  }

  // A refusal is the server's last word; anything else is tried again. 401: after a new log-in it goes through.
  function isFinal(error) {
    return error instanceof Refusal && error.status < 500 && ![401, 408, 429].includes(error.status);
  }

  function Outbox(tell) {
    const waiting = [];
    let busy = false;
    let wake = null;

    function add(entry) {
      waiting.push(entry);
      pump();
    }

    // What was not sent yet can simply be taken out again.
    function withdraw(matches) {
      const place = waiting.findIndex(function (entry, at) { return at > 0 && matches(entry); });
      if (place < 0) return false;
      waiting.splice(place, 1);
      return true;
    }

    async function pump() {
      if (busy) return;
      busy = true;
      let pause = FIRST_PAUSE_MS;
      let troubled = false;
      while (waiting.length) {
        const entry = waiting[0];
        try {
          const answer = await post(entry.path, entry.body());
          waiting.shift();
          pause = FIRST_PAUSE_MS;
          if (entry.done) entry.done(answer);
          if (troubled) tell(null, waiting.length);
          troubled = false;
        } catch (error) {
          if (isFinal(error)) {
            waiting.shift();
            if (entry.refused) entry.refused(error);
            continue;
          }
          troubled = true;
          tell(error instanceof Refusal ? error.status : 0, waiting.length);
          await rest(pause);
          pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
        }
      }
      busy = false;
    }

    function rest(pause) {
      return new Promise(function (resolve) {
        wake = resolve;
        window.setTimeout(resolve, pause);
      });
    }

    window.addEventListener("online", function () { if (wake) wake(); });
    document.addEventListener("visibilitychange", function () { if (wake) wake(); });
    window.addEventListener("beforeunload", function (event) { if (waiting.length) event.preventDefault(); });

    return { add: add, withdraw: withdraw, size: function () { return waiting.length; } };
  }

  window.DeskOutbox = { Outbox: Outbox, post: post };
})();
