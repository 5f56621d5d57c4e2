"use strict";
// What the pages do beyond being read: filters, keys, stars. Everything readable is in the HTML already.
(() => {
  const html = document.documentElement, root = html.dataset.root, page = html.dataset.page;
  const zh = html.lang.startsWith("zh");
  const say = (chinese, english) => (zh ? chinese : english);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };

  // --- what the browser keeps: stars, how far each page was read, words that its reader follows -----------------
  const KEY = "arxiv-digest";
  const kept = (() => {
    try {
      const read = JSON.parse(localStorage.getItem(KEY));
      if (read && read.stars && read.seen) return { ...read, words: Array.isArray(read.words) ? read.words : [] };
    } catch { /* none yet, or not allowed */ }
    return { stars: {}, seen: {}, words: [] };
  })();
  const keep = () => { try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* private window */ } };

  // --- a page's second half: abstracts, authors, provenance -----------------------------------------------------
  // It is a page of its own. A frame hands it over, since from a folder nothing can be fetched.
  if (page === "abstracts" && window.parent !== window) {
    const items = Object.fromEntries(all("article").map((one) => [one.id, one.querySelector(".x").innerHTML]));
    window.parent.postMessage({ digest: items }, "*");
    return;
  }
  const loaded = new Map();
  const load = (address) => {
    if (!loaded.has(address)) {
      loaded.set(address, new Promise((resolve, reject) => {
        const frame = make("iframe", { src: address, hidden: true, title: say("摘要", "Abstracts"), tabindex: "-1" });
        const take = (event) => {
          if (event.source !== frame.contentWindow || !event.data || !event.data.digest) return;
          removeEventListener("message", take);
          frame.remove();
          resolve(event.data.digest);
        };
        addEventListener("message", take);
        setTimeout(() => { frame.remove(); reject(new Error("no answer")); }, 15000);
        document.body.append(frame);
      }));
      loaded.get(address).catch(() => loaded.delete(address));
    }
    return loaded.get(address);
  };
  const moreOf = async (article) => {
    const there = article.querySelector(".x");
    if (there) return there;
    const [address, anchor] = article.querySelector(".more").getAttribute("href").split("#");
    const items = await load(address);
    if (article.querySelector(".x")) return article.querySelector(".x");
    const box = make("div", { class: "x", hidden: true });
    box.innerHTML = items[decodeURIComponent(anchor)] || "";
    box.append(make("p", { class: "does" }, ...actions(article, box)));
    article.append(box);
    return box;
  };
  const toggle = async (article, open) => {
    const link = article.querySelector(".more");
    if (!link) return;
    try {
      const box = await moreOf(article);
      box.hidden = open === undefined ? !box.hidden : !open;
      link.setAttribute("aria-expanded", String(!box.hidden));
    } catch { location.href = link.href; }
  };
  const copy = async (button, text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = make("textarea", { class: "copying" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = say("已复制", "Copied");
    setTimeout(() => { button.textContent = before; }, 1200);
  };
  // Where it stands in the site: on pages of several days each article says so.
  const placeOf = (article) => article.dataset.path || `${document.querySelector("main").dataset.key || ""}#${article.id}`;
  const record = (article, box) => {
    const link = article.querySelector("h3 a"), time = document.querySelector(".days time");
    return {
      title: article.querySelector("h3").textContent.trim(),
      line: all(".line:not(.none)", article).map((one) => one.textContent.trim()).join("\n"),
      url: link && link.href.startsWith("https://arxiv.org/") ? link.href : "",
      path: placeOf(article),
      date: article.dataset.d || (time ? time.dateTime : ""),
      authors: box ? all(".names span", box).map((one) => one.textContent) : [],
      bib: box ? (box.querySelector("pre") || { textContent: "" }).textContent : "",
      categories: article.dataset.c || "",
    };
  };
  const asText = (one) => [one.title, one.authors.join(", "), one.line, one.url].filter(Boolean).join("\n");
  const actions = (article, box) => [
    make("button", { type: "button", click: (event) => copy(event.target, record(article, box).bib) }, say("复制 BibTeX", "Copy BibTeX")),
    make("button", { type: "button", click: (event) => copy(event.target, asText(record(article, box))) }, say("复制文字", "Copy text")),
    make("button", { type: "button", click: () => seeTo(article) }, say("读到这里", "Read to here")),
  ];

  // --- stars ----------------------------------------------------------------------------------------------------
  const nameOf = (article) => {
    const link = article.querySelector("h3 a");
    const id = link && /arxiv\.org\/abs\/(.+?)(v\d+)?$/.exec(link.href);
    return id ? id[1] : placeOf(article);
  };
  const showStar = (article) => {
    const on = nameOf(article) in kept.stars, button = article.querySelector(".star");
    article.classList.toggle("starred", on);
    if (button) { button.textContent = on ? "★" : "☆"; button.setAttribute("aria-pressed", String(on)); }
  };
  const star = async (article) => {
    const name = nameOf(article);
    if (name in kept.stars) delete kept.stars[name];
    else {
      kept.stars[name] = record(article, article.querySelector(".x"));
      moreOf(article).then((box) => { if (kept.stars[name]) { kept.stars[name] = record(article, box); keep(); } }, () => {});
    }
    keep();
    showStar(article);
  };

  // --- the list: filters, order, keys -----------------------------------------------------------------------------
  const box = document.getElementById("papers");
  const articles = box ? all("article", box) : [];
  let at = null;
  const shown = () => articles.filter((one) => one.isConnected && one.offsetParent !== null);
  const go = (article) => {
    if (!article) return;
    if (at) at.classList.remove("at");
    at = article;
    at.classList.add("at");
    at.setAttribute("tabindex", "-1");
    at.focus({ preventScroll: true });
    at.scrollIntoView({ block: "nearest" });
    const bar = document.querySelector(".side"), high = bar && getComputedStyle(bar).position === "sticky" && bar.offsetWidth > 600 ? bar.offsetHeight : 0;
    if (at.getBoundingClientRect().top < high + 8) scrollBy(0, at.getBoundingClientRect().top - high - 12);
  };
  const step = (by) => {
    const list = shown(), index = list.indexOf(at);
    if (index >= 0) return go(list[Math.max(0, Math.min(list.length - 1, index + by))]);
    return go(list.find((one) => one.getBoundingClientRect().bottom > 60) || list[0]);
  };
  const key = box && document.querySelector("main").dataset.key;
  const showSeen = () => all("article.seen-here").forEach((one) => one.classList.remove("seen-here"))
    || (key && kept.seen[key] && document.getElementById(kept.seen[key])?.classList.add("seen-here"));
  const seeTo = (article) => { if (key) { kept.seen[key] = article.id; keep(); showSeen(); } };

  const help = () => {
    const keys = [["j / k", say("下一篇 / 上一篇", "next / previous")], ["o", say("展开摘要", "open the abstract")],
      ["s", say("收藏", "star")], ["m", say("标记读到这里", "mark as read to here")], ["/", say("筛选", "filter")], ["?", say("本说明", "this help")]];
    const list = make("dl", {}, ...keys.flatMap(([name, what]) => [make("dt", {}, make("kbd", {}, name)), make("dd", {}, what)]));
    const dialog = make("dialog", { "aria-label": say("快捷键", "Keys"), close: () => dialog.remove() },
      make("strong", {}, say("快捷键", "Keys")), list, make("form", { method: "dialog", submit: (event) => { event.preventDefault(); dialog.close(); } },
        make("p", { class: "does" }, make("button", {}, say("关闭", "Close")))));
    document.body.append(dialog);
    dialog.showModal();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, select, textarea");
    if (typing) { if (event.key === "Escape") typing.blur(); return; }
    const does = {
      j: () => step(1), k: () => step(-1), "?": help,
      o: () => at && toggle(at), s: () => at && at.querySelector(".more") && star(at), m: () => at && seeTo(at),
      "/": () => document.querySelector('input[type="search"]')?.focus(),
    }[event.key];
    if (does) { event.preventDefault(); does(); }
  });

  for (const article of articles) {
    const link = article.querySelector(".more");
    if (!link) continue;
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.after(make("button", { type: "button", class: "star", "aria-label": say("收藏", "Star"), "aria-pressed": "false" }, "☆"));
    showStar(article);
  }
  if (box) box.addEventListener("click", (event) => {
    const article = event.target.closest("article");
    if (!article) return;
    const more = event.target.closest(".more");
    if (more && !event.ctrlKey && !event.metaKey) { event.preventDefault(); toggle(article); }
    if (event.target.closest(".star")) star(article);
  });

  // An English word is whole, a plural allowed; Chinese has no bounds.
  const pattern = (word) => {
    const bare = word.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`${/^[a-z0-9]/.test(bare) ? "(?<![a-z0-9])" : ""}${bare}${/[a-z0-9]$/.test(bare) ? "(?:s|es)?(?![a-z0-9])" : ""}`);
  };
  const follow = () => {
    const wanted = kept.words.map((word) => [word, pattern(word)]);
    for (const one of wanted.length ? articles : []) {
      const text = one.textContent.toLowerCase(), found = wanted.filter(([, regexp]) => regexp.test(text)).map(([word]) => word);
      if (!found.length) continue;
      one.dataset.f = "own";
      (one.querySelector(".zh") || one).append(make("p", { class: "because" }, say("因为：", "Because: "), found.join(say("；", "; "))));
    }
  };
  if (page === "section" || page === "week") follow();
  if (page === "section" && articles.length > 1) filters();
  if (page === "interests") {
    const status = make("span", { role: "status" });
    const input = make("input", { type: "text", value: kept.words.join(say("，", ", ")), placeholder: say("例如：语音合成，diffusion，Bo Li", "For example: diffusion, Bo Li"), change: () => {
      kept.words = [...new Set(input.value.split(/[,，;；、\n]/).map((word) => word.trim()).filter(Boolean))].slice(0, 100);
      keep();
      status.textContent = say(`已记下 ${kept.words.length} 个；各版块的页面会标出它们，也可只看它们。`, `${kept.words.length} kept: pages of sections mark them, and can show them alone.`);
    } });
    document.querySelector(".head").append(make("div", { class: "own" }, make("label", {}, say("只在这个浏览器里关注的词或作者，用逗号隔开", "Words or authors to follow in this browser, with commas between"), input), status));
  }
  if (page === "starred") starredPage();
  if (key) {
    showSeen();
    const last = kept.seen[key] && document.getElementById(kept.seen[key]);
    if (last) document.querySelector(".sum").append(" ", make("a", { href: `#${last.id}` }, say("接着上次读 ↓", "Read on ↓")));
  }
  const target = () => {
    const one = location.hash.length > 1 && !location.hash.includes("=") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!one) return;
    const fold = one.closest("details");
    if (fold) fold.open = true;
    if (one.matches("article")) { one.scrollIntoView({ block: "center" }); go(one); }
  };
  addEventListener("hashchange", target);
  target();

  function filters() {
    const state = { q: "", f: new Set(), k: new Set(), p: new Set(), c: "", t: "", o: "" };
    const count = (read) => {
      const numbers = new Map();
      articles.forEach((one) => (read(one) || []).forEach((name) => numbers.set(name, (numbers.get(name) || 0) + 1)));
      return numbers;
    };
    const words = zh ? { own: "关注的词", new: "新发布", cross: "交叉列出", replaced: "更新", method: "方法", dataset: "数据集", benchmark: "基准", survey: "综述",
      analysis: "分析", system: "系统", theory: "理论", other: "其他" } : { own: "followed words" };
    const KINDS = ["new", "cross", "replaced"];
    const pills = (title, name, numbers, least = 2) => numbers.size >= least && make("fieldset", {}, make("legend", {}, title),
      ...[...numbers].sort((a, b) => KINDS.indexOf(a[0]) - KINDS.indexOf(b[0]) || b[1] - a[1]).map(([value, number]) => make("button", {
        type: "button", "aria-pressed": "false", "data-set": name, "data-value": value,
        click: () => { state[name].has(value) ? state[name].delete(value) : state[name].add(value); apply(); },
      }, `${words[value] || value} ${number}`)));
    const choose = (title, name, options) => options.length > 1 && make("select", {
      "aria-label": title, "data-set": name, change: (event) => { state[name] = event.target.value; apply(); },
    }, make("option", { value: "" }, title), ...options.map(([value, text]) => make("option", { value }, text)));
    const sections = all("section, details.fold", box);
    const headings = sections.filter((one) => one.matches("section")).map((one) => one.querySelector("h2"));
    const home = new Map(articles.map((one) => [one, one.parentElement]));
    const input = make("input", { type: "search", "aria-label": say("在本页筛选：中文或英文", "Filter this page: Chinese or English"),
      placeholder: say(`筛选 ${articles.length} 篇…`, `Filter ${articles.length}…`), input: () => { state.q = input.value; apply(); } });
    const status = make("p", { role: "status" });
    const categories = [...count((one) => (one.dataset.c || "").split(" ").filter((name) => /^[a-z-]+(\.[A-Za-z-]+)?$/.test(name)))].sort((a, b) => b[1] - a[1]).slice(0, 20);
    const wide = matchMedia("(min-width: 62rem)").matches;
    const set = make("div", { class: "set" }, ...[
      pills(say("这个浏览器里", "In this browser"), "f", count((one) => one.dataset.f && [one.dataset.f]), 1),
      pills(say("公布方式", "How"), "k", count((one) => [one.dataset.k])),
      pills(say("论文类型", "Kind"), "p", count((one) => one.dataset.p && [one.dataset.p])),
      choose(say("分类：全部", "Category: all"), "c", categories.map(([name, number]) => [name, `${name} ${number}`])),
      choose(say("任务：全部", "Task: all"), "t", headings.map((one) => [one.id, one.textContent])),
    ].filter(Boolean));
    set.prepend(make("button", { type: "button", "aria-pressed": "false", "data-order": "", click: () => { state.o = state.o ? "" : "arxiv"; apply(); } }, say("按 arXiv 次序", "In arXiv’s order")));
    const folded = make("details", { open: wide }, make("summary", {}, say("筛选与次序", "Options")), set);
    const clear = make("button", { type: "button", hidden: true, click: () => { Object.assign(state, { q: "", f: new Set(), k: new Set(), p: new Set(), c: "", t: "" }); apply(); } }, say("清除筛选", "Clear filters"));
    document.querySelector(".side").prepend(make("div", { class: "tools" }, input, folded, status, clear));
    const none = make("p", { class: "empty", hidden: true }, say("没有符合条件的论文。", "No paper is like that."));
    const flat = make("section", { hidden: true, "aria-label": say("按 arXiv 次序", "In arXiv’s order") });
    const fold = box.querySelector(".fold");
    box.insertBefore(flat, fold);
    box.append(none);
    const texts = new Map();
    const textOf = (one) => {
      if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
      return texts.get(one);
    };

    const order = () => {
      const plain = state.o === "arxiv";
      if (plain === !flat.hidden) return;
      if (plain) {
        flat.append(...articles.filter((one) => home.get(one) !== fold).sort((a, b) => a.dataset.n - b.dataset.n));
      } else articles.forEach((one) => home.get(one).append(one));
      flat.hidden = !plain;
    };
    const matches = (one, wanted) => (!state.f.size || one.dataset.f) && (!state.k.size || state.k.has(one.dataset.k)) && (!state.p.size || state.p.has(one.dataset.p))
      && (!state.c || ` ${one.dataset.c || ""} `.includes(` ${state.c} `))
      && (!state.t || home.get(one).querySelector("h2")?.id === state.t)
      && wanted.every((word) => textOf(one).includes(word));
    const apply = () => {
      order();
      const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
      const active = wanted.length || state.f.size || state.k.size || state.p.size || state.c || state.t;
      let number = 0;
      for (const one of articles) {
        one.hidden = Boolean(active) && !matches(one, wanted);
        if (!one.hidden) number += 1;
      }
      for (const one of sections) one.hidden = !all("article", one).some((article) => !article.hidden);
      if (fold && active) fold.open = !fold.hidden;
      none.hidden = number > 0;
      status.textContent = active ? say(`显示 ${number} / ${articles.length} 篇`, `${number} of ${articles.length}`) : "";
      clear.hidden = !active;
      if (input.value !== state.q) input.value = state.q;
      all("[data-value]", set).forEach((one) => one.setAttribute("aria-pressed", String(state[one.dataset.set].has(one.dataset.value))));
      all("select", set).forEach((one) => { one.value = state[one.dataset.set]; });
      set.querySelector("[data-order]").setAttribute("aria-pressed", String(state.o === "arxiv"));
      remember(active);
    };
    const remember = (active) => {
      const pairs = new URLSearchParams();
      for (const [name, value] of Object.entries(state)) {
        const text = value instanceof Set ? [...value].join(",") : value;
        if (text) pairs.set(name, text);
      }
      const hash = String(pairs);
      if (hash || location.hash.includes("=")) {
        try { history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search); } catch { /* from a folder */ }
      }
      return active;
    };
    const recall = () => {
      if (!location.hash.includes("=")) return;
      const pairs = new URLSearchParams(location.hash.slice(1));
      for (const name of Object.keys(state)) {
        const value = pairs.get(name) || "";
        state[name] = state[name] instanceof Set ? new Set(value.split(",").filter(Boolean)) : value;
      }
    };
    addEventListener("hashchange", () => { if (location.hash.includes("=")) { recall(); apply(); } });
    recall();
    apply();
  }

  // --- the page of what was starred -------------------------------------------------------------------------------
  function starredPage() {
    const entries = () => Object.entries(kept.stars);
    const save = (name, type, text) => {
      const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    const ris = ([id, one]) => ["TY  - UNPB", `TI  - ${one.title}`, ...one.authors.map((name) => `AU  - ${name}`),
      one.date && `PY  - ${one.date.slice(0, 4)}`, one.url && `UR  - ${one.url}`, `AN  - arXiv:${id}`, one.line && `N1  - ${one.line.replace(/\n/g, " ")}`, "ER  - "].filter(Boolean).join("\r\n").concat("\r\n");
    const escaped = (text) => text.replace(/[\\`*_[\]<>#|~&$]/g, "\\$&");
    const markdown = ([, one]) => `- [${escaped(one.title)}](${one.url})  \n  ${escaped(one.line).replace(/\n/g, "  \n  ")}`;
    const button = (text, click) => make("button", { type: "button", click }, text);
    const file = make("input", { type: "file", accept: ".json,application/json", "aria-label": say("导入收藏", "Import stars"), hidden: true, change: async () => {
      try { take(JSON.parse(await file.files[0].text())); } catch { alert(say("这不是导出的收藏文件。", "This is no file of exported stars.")); }
    } });
    const take = (read) => {
      if (!read || typeof read.stars !== "object") throw new Error("no stars");
      for (const [id, one] of Object.entries(read.stars)) {
        if (typeof one.title !== "string") continue;
        const text = (value) => (typeof value === "string" ? value : "");
        kept.stars[id] = { title: one.title, line: text(one.line), date: text(one.date), bib: text(one.bib), categories: text(one.categories),
          url: /^https:\/\/arxiv\.org\//.test(text(one.url)) ? one.url : "", path: /^\d{4}-\d\d-\d\d\/[^/\\:?#]+\.html#[\w.-]*$/.test(text(one.path)) ? one.path : "",
          authors: Array.isArray(one.authors) ? one.authors.map(String) : [] };
      }
      if (read.seen && typeof read.seen === "object") for (const [name, anchor] of Object.entries(read.seen)) if (typeof anchor === "string") kept.seen[name] = anchor;
      if (Array.isArray(read.words)) kept.words = [...new Set([...kept.words, ...read.words.filter((word) => typeof word === "string" && word)])].slice(0, 100);
      keep();
      show();
    };
    document.querySelector(".head").append(make("p", { class: "does" },
      button(say("导出", "Export"), () => save("stars.json", "application/json", JSON.stringify(kept, null, 1))),
      button(say("导入", "Import"), () => file.click()), file,
      button("BibTeX", () => save("stars.bib", "application/x-bibtex", entries().map(([, one]) => one.bib).join("\n"))),
      button("RIS", () => save("stars.ris", "application/x-research-info-systems", entries().map(ris).join("\r\n"))),
      button("Markdown", () => save("stars.md", "text/markdown", `${entries().map(markdown).join("\n")}\n`))));
    const show = () => {
      all(".does button", document.querySelector(".head")).forEach((one, index) => { one.disabled = index !== 1 && !entries().length; });
      box.replaceChildren(...(entries().length ? entries().sort((a, b) => b[1].date.localeCompare(a[1].date)).map(([id, one]) => make("article", {},
        make("h3", {}, one.url ? make("a", { href: one.url }, one.title) : one.title),
        make("div", { class: "zh" }, make("p", { class: "line" }, one.line)),
        make("p", { class: "meta" }, make("span", {}, one.date), make("span", { class: "au" }, one.authors.join(", ")),
          one.path ? make("a", { href: root + one.path }, say("原页", "Page")) : "",
          make("button", { type: "button", class: "star", "aria-label": say("取消收藏", "Unstar"), click: () => { delete kept.stars[id]; keep(); show(); } }, "★")))) 
        : [make("p", { class: "empty" }, say("还没有收藏。在论文旁点 ☆，或选中一篇后按 s。", "Nothing starred yet. Press ☆ beside a paper, or s."))]));
    };
    show();
  }
})();
