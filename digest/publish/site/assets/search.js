"use strict";
// Search over all days. The index is read as scripts, which a page may load from a folder too; ../search.py writes it.
(() => {
  const main = document.querySelector("main"), form = document.querySelector("form.search");
  const status = document.getElementById("status"), box = document.getElementById("papers");
  const years = (main.dataset.years || "").split(" ").filter(Boolean), skipped = new Set(main.dataset.skipped.split(" "));
  const FIRST = 10, PAGE = 30, BLOCK = 50, BUCKETS = 256, LONGEST = 40;
  const CHINESE = /^[\u3040-\u30ff\u3400-\u9fff]/, RUN = /[\u3040-\u30ff\u3400-\u9fff]+|(?:(?![\u3040-\u30ff\u3400-\u9fff])[\p{L}\p{N}])+/gu;
  const text = (tag, name, value) => { const node = document.createElement(tag); if (name) node.className = name; node.textContent = value; return node; };
  if (!years.length) { status.textContent = main.dataset.none; return; }

  const files = new Map(), waiting = new Map();
  window.digestSearch = (name, values, held) => waiting.get(name)?.([values, new Set(held)]);
  const load = (name) => {
    if (!files.has(name)) {
      files.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        waiting.set(name, resolve);
        script.onerror = () => { files.delete(name); reject(new Error(name)); };
        script.onload = () => script.remove();
        script.src = `search/${name.split("/").map(encodeURIComponent).join("/")}.js`;
        document.head.append(script);
      }));
    }
    return files.get(name);
  };

  const fold = (value) => value.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  // What a paper must have all of: an English word or its beginning, a pair of Chinese characters, one alone.
  const wanted = (query) => {
    const found = new Set();
    for (const run of fold(query).match(RUN) || []) {
      if (!CHINESE.test(run)) { if (!skipped.has(run)) found.add([...run].slice(0, LONGEST).join("")); }
      else if (run.length === 1) found.add(run);
      else for (let at = 0; at + 1 < run.length; at += 1) found.add(run.slice(at, at + 2));
    }
    return [...found];
  };
  const bucket = (term) => {
    let number = 0;
    for (const one of [...term].slice(0, CHINESE.test(term) ? 1 : 3)) number = (number * 31 + one.codePointAt(0)) % BUCKETS;
    return number.toString(16).padStart(2, "0");
  };
  // How well each paper of a week has the term: in its title twice, the whole word twice as much as its beginning.
  const scored = (terms, term, size) => {
    const found = new Uint8Array(size), prefix = CHINESE.test(term) ? term.length === 1 : term.length > 2;
    const add = (list, weight) => {
      let at = 0;
      for (const step of list.split(" ")) {
        at += parseInt(step, 36);
        found[at >> 1] = Math.max(found[at >> 1], at & 1 ? 2 * weight : weight);
      }
    };
    if (prefix) for (const other of Object.keys(terms)) if (other.startsWith(term) && other !== term) add(terms[other], 1);
    if (Object.hasOwn(terms, term)) add(terms[term], 2);
    return found;
  };
  // All weeks, oldest first: their digests with the places where they begin, and a letter for each paper's kind.
  const weeks = [];
  const open = Promise.all(years.map((year) => load(`${year}/head`))).then((heads) => {
    heads.reverse().forEach(([head, held], at) => {
      for (const number of Object.keys(head).sort()) {
        let size = 0, kinds = "";
        const digests = head[number].map(([day, key, title, sample, runs]) => {
          const begin = size;
          for (const [, kind, many] of runs.matchAll(/([ncr])(\d+)/g)) { kinds += kind.repeat(Number(many)); size += Number(many); }
          return { day, key, title, sample, begin, end: size };
        });
        weeks.push({ year: years[years.length - 1 - at], number, held, digests, size, kinds });
      }
    });
  });
  const DIGESTS = 1024, PAPERS = 65536; // more than a week has
  // The papers that have all terms, the best first, of them the newest: as numbers, since there may be many.
  const find = async (all, filters) => {
    await open;
    const ranked = [];
    await Promise.all(years.map(async (year) => {
      const own = weeks.filter((week) => week.year === year);
      const names = all.map((term) => [bucket(term), `new-${bucket(term)[0]}`].filter((name) => own.length && own[0].held.has(name)));
      if (!names.every((some) => some.length)) return;
      const parts = await Promise.all(names.map(async (some) => Object.assign({}, ...await Promise.all(some.map(async (name) => (await load(`${year}/${name}`))[0])))));
      for (const week of own) {
        const terms = all.map((term, index) => parts[index][week.number] || parts[index][week.number + bucket(term)]);
        if (!terms.every(Boolean)) continue;
        const lists = all.map((term, index) => scored(terms[index], term, week.size));
        week.digests.forEach(({ day, title, begin, end }, index) => {
          if ((filters.section && filters.section !== title) || (filters.year && !day.startsWith(filters.year))) return;
          for (let place = begin; place < end; place += 1) {
            let score = 0;
            for (const list of lists) { if (!list[place]) { score = 0; break; } score += list[place]; }
            if (!score || (filters.kind && filters.kind[0] !== week.kinds[place])) continue;
            ranked.push(((score * weeks.length + weeks.indexOf(week)) * DIGESTS + index) * PAPERS + PAPERS - 1 - place);
          }
        });
      }
    }));
    return Float64Array.from(ranked).sort().reverse();
  };
  const paperOf = (rank) => {
    const place = PAPERS - 1 - (rank % PAPERS), rest = Math.floor(rank / PAPERS);
    const { day, key, title, sample, begin } = weeks[Math.floor(rest / DIGESTS) % weeks.length].digests[rest % DIGESTS];
    return { day, key, title, sample, at: place - begin };
  };

  const hint = box.firstElementChild;
  let turn = 0;
  const marked = (node, value, all) => { // the words that were looked for stand out
    const folded = fold(value), spans = [];
    if (folded.length === value.length) for (const term of all) for (let at = folded.indexOf(term); at >= 0; at = folded.indexOf(term, at + 1)) spans.push([at, at + term.length]);
    let done = 0;
    for (const [begin, end] of spans.sort((a, b) => a[0] - b[0])) {
      if (end <= done) continue;
      const last = node.lastChild, from = Math.max(begin, done);
      if (last && last.nodeName === "MARK" && from === done) last.textContent += value.slice(from, end);
      else node.append(value.slice(done, from), text("mark", "", value.slice(from, end)));
      done = end;
    }
    node.append(value.slice(done));
    return node;
  };
  const article = ({ day, key, title, sample }, [anchor, name, line, also], all) => {
    const one = document.createElement("article"), heading = document.createElement("h3"), lines = text("div", "zh", ""), about = text("p", "meta", "");
    const link = marked(document.createElement("a"), name, all);
    link.href = `${day}/${encodeURIComponent(key)}.html#${encodeURIComponent(anchor)}`;
    heading.append(link);
    lines.append(marked(text("p", "line", ""), line, all));
    if (also) lines.append(marked(text("p", "line also", ""), also, all));
    if (sample) about.append(text("b", "k", main.dataset.sample));
    about.append(text("b", "k", day), text("i", "", title));
    if (/^\d{4}\.\d{4,5}$/.test(anchor)) { const away = text("a", "", "arXiv"); away.href = `https://arxiv.org/abs/${anchor}`; about.append(away); }
    one.append(heading, lines, about);
    return one;
  };
  const show = async (results, from, to, all, mine) => {
    const part = [...results.subarray(from, to)].map(paperOf);
    const rows = await Promise.all(part.map(async (one) => (await load(`text/${one.day}-${one.key}-${Math.floor(one.at / BLOCK)}`))[0][one.at % BLOCK]));
    if (mine !== turn) return;
    const nodes = part.map((one, index) => article(one, rows[index], all));
    if (to > FIRST && to < results.length) {
      const more = text("button", "", main.dataset.more), holder = text("p", "does", "");
      more.type = "button";
      more.addEventListener("click", () => { holder.remove(); show(results, to, to + PAGE, all, mine); });
      holder.append(more);
      nodes.push(holder);
    }
    if (from) box.append(...nodes); else box.replaceChildren(...nodes);
  };
  const search = async () => {
    const mine = ++turn, given = new FormData(form), all = wanted(given.get("q")), began = performance.now();
    const filters = { section: given.get("section"), year: given.get("year"), kind: given.get("kind") };
    const kept = new URLSearchParams([...given].filter(([, value]) => value));
    try { history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname); } catch { /* from a folder */ }
    if (!all.length) { box.replaceChildren(hint); status.textContent = ""; return; }
    try {
      const found = await find(all, filters);
      if (mine !== turn) return;
      await show(found, 0, FIRST, all, mine);
      if (mine !== turn) return;
      status.textContent = found.length ? main.dataset.results.replace("{}", found.length) : main.dataset.nothing;
      main.dataset.took = Math.round(performance.now() - began);
      if (found.length > FIRST) await show(found, FIRST, PAGE, all, mine); // the first are there before the others are read
    } catch { if (mine === turn) status.textContent = main.dataset.none; }
  };
  let soon = 0;
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  form.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(search, 30); });
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (form.elements[name]) form.elements[name].value = value;
  open.then(search, () => { status.textContent = main.dataset.none; });
})();
