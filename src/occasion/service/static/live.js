// The stream of what changed, as htmx's extension asks for it. A page that nobody looks at lets go of its connection (a
// browser has six for a host, and people keep many tabs). Whenever it is connected it catches up: whatever it listens for
// counts as having happened, for what came after the page was made and before that is told to nobody.
(() => {
  "use strict";
  class Stream extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.names = new Set();
      this.readyState = EventSource.CONNECTING;
      this.ended = false;
      this.pass = (event) => this.dispatchEvent(new MessageEvent(event.type, { data: event.data }));
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
        for (const name of this.names) this.dispatchEvent(new MessageEvent(name, { data: "" }));
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
