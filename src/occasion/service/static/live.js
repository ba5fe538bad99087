// The stream of what changed, as htmx's extension asks for it. A page that nobody looks at lets go of its connection (a
// browser has six for a host, and people keep many tabs). Whenever it connects it says how far things were when it last
// heard, so that it is told at once what it missed.
(() => {
  "use strict";
  class Stream extends EventTarget {
    constructor(url) {
      super();
      this.url = new URL(url, location.href);
      this.names = new Set();
      this.readyState = EventSource.CONNECTING;
      this.ended = false;
      this.pass = (event) => {
        if (event.lastEventId) this.url.searchParams.set("since", event.lastEventId);
        this.dispatchEvent(new MessageEvent(event.type, { data: event.data }));
      };
      this.look = () => (document.hidden ? this.rest() : this.source || this.open());
      document.addEventListener("visibilitychange", this.look);
      if (!document.hidden) this.open();
    }

    addEventListener(name, ...rest) {
      super.addEventListener(name, ...rest);
      if (!this.names.has(name)) this.source?.addEventListener(name, this.pass);
      this.names.add(name);
    }

    open() {
      if (this.ended) return;
      const source = (this.source = new EventSource(this.url, { withCredentials: true }));
      for (const name of this.names) source.addEventListener(name, this.pass);
      source.onopen = (event) => {
        this.readyState = EventSource.OPEN;
        this.onopen?.(event);
      };
      source.onerror = () => {
        this.readyState = source.readyState;
        if (source.readyState === EventSource.CLOSED && !this.ended) {
          this.rest(); // refused (the session ended, say): try again later, without a word in the console
          setTimeout(this.look, 15000);
        }
      };
    }

    rest() {
      this.source?.close();
      this.source = null;
    }

    close() {
      this.ended = true;
      this.readyState = EventSource.CLOSED;
      document.removeEventListener("visibilitychange", this.look);
      this.rest();
    }
  }
  htmx.createEventSource = (url) => new Stream(url);
})();
