"use strict";
// Search over all days: one Pagefind index a month, merged here.
(() => {
  const main = document.querySelector("main"), form = document.querySelector("form.search");
  const status = document.getElementById("status"), box = document.getElementById("papers");
  const months = (main.dataset.indexes || "").split(" ").filter(Boolean);
  const text = (tag, name, value) => { const node = document.createElement(tag); if (name) node.className = name; node.textContent = value; return node; };
  if (!months.length) { status.textContent = main.dataset.none; return; }
  if (location.protocol === "file:") { status.textContent = main.dataset.file; return; }
  const base = (month) => new URL(`search/${month}/`, document.baseURI).href;
  const FIRST = 10, PAGE = 30; // the first are there before the others are asked for
  let engine = null, turn = 0;
  const open = () => {
    engine ??= (async () => {
      const pagefind = await import(`${base(months[0])}pagefind.js`);
      await pagefind.options({ excerptLength: 0, ranking: { termFrequency: 0.6, pageLength: 0 } });
      await pagefind.init();
      await Promise.all(months.slice(1).map((month) => pagefind.mergeIndex(base(month), { language: "zh" })));
      return pagefind;
    })();
    return engine;
  };
  // For a word that a month does not know, Pagefind takes the longest beginning that it knows: those are left out.
  const has = (item, words) => { const said = `${item.meta.title} ${item.content}`.toLowerCase(); return words.every((word) => said.includes(word)); };
  const good = async (results, words) => {
    const read = await Promise.all(results.slice(0, FIRST).map((one) => one.data()));
    if (read.every((one) => has(one, words))) return results;
    const all = await Promise.all(results.slice(0, 300).map((one) => one.data()));
    return results.slice(0, 300).filter((_, index) => has(all[index], words));
  };
  const show = async (results, from, to, mine) => {
    const items = await Promise.all(results.slice(from, to).map((one) => one.data()));
    if (mine !== turn) return;
    for (const { meta } of items) {
      const article = document.createElement("article"), heading = document.createElement("h3"), link = text("a", "", meta.title || "?");
      if (!/^\d{4}-\d\d-\d\d\/[\w.-]+\.html#[\w.-]*$/.test(meta.path || "")) continue;
      link.href = meta.path;
      heading.append(link);
      const line = document.createElement("div"), about = text("p", "meta", "");
      line.className = "zh";
      line.append(text("p", "line", meta.line || ""));
      if (meta.also) line.append(text("p", "line also", meta.also));
      if (meta.sample) about.append(text("b", "k", main.dataset.sample));
      about.append(text("b", "k", meta.date || ""), text("i", "", meta.section || ""));
      article.append(heading, line, about);
      box.append(article);
    }
    if (to >= PAGE && to < results.length) {
      const more = text("button", "", main.dataset.more), holder = text("p", "does", "");
      more.type = "button";
      more.addEventListener("click", () => { holder.remove(); show(results, to, to + PAGE, mine); });
      holder.append(more);
      box.append(holder);
    }
  };
  const search = async () => {
    const mine = ++turn, wanted = new FormData(form), query = wanted.get("q").trim();
    const filters = {};
    for (const name of ["section", "year", "kind"]) if (wanted.get(name)) filters[name] = wanted.get(name);
    const kept = new URLSearchParams([...wanted].filter(([, value]) => value));
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
    if (!query) { box.replaceChildren(); status.textContent = ""; return; }
    const pagefind = await open();
    const began = performance.now();
    const found = await pagefind.search(query, { filters });
    const words = [...new Intl.Segmenter("zh", { granularity: "word" }).segment(query.toLowerCase())]
      .filter((one) => one.isWordLike && one.segment.length > 1).map((one) => one.segment);
    const results = await good(found.results, words);
    if (mine !== turn) return;
    box.replaceChildren();
    status.textContent = results.length ? main.dataset.results.replace("{}", results.length) : main.dataset.nothing;
    await show(results, 0, FIRST, mine);
    main.dataset.took = Math.round(performance.now() - began);
    if (mine === turn && results.length > FIRST) await show(results, FIRST, PAGE, mine);
  };
  const ahead = () => { const query = form.elements.q.value.trim(); if (query) open().then((pagefind) => pagefind.preload(query)); };
  let waiting = 0;
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  // Parts of the index are fetched while the reader still types: the answer then waits for nothing.
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); ahead(); });
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (form.elements[name]) form.elements[name].value = value;
  open().then(search, () => { status.textContent = main.dataset.none; });
})();
