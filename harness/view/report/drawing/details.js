// The details of what was chosen: an operation and how far the history can be explained with it, a message and its
// body, the state of a node.
const AROUND = 3; // how many operations of an order are named before and after the one that was chosen

function details(f, picture, close) {
  const { data, at } = f;
  const o = data.operations;
  const element = (tag, words, more = {}) => Object.assign(document.createElement(tag), { textContent: words, ...more });
  const between = (parts) => parts.flatMap((part, place) => (place > 0 ? [" · ", part] : [part]));
  const fill = (...rows) => {
    const button = element("button", "×", { type: "button", className: "close" });
    button.setAttribute("aria-label", "close the details");
    button.addEventListener("click", close);
    at("details").replaceChildren(...rows, button);
  };
  const line = (className, ...parts) => {
    const row = element("p", "", { className });
    row.append(...parts);
    return row;
  };
  const link = (number, words = `operation ${number}`) => element("a", words, { href: `#op-${number}` });
  const exact = (words, title) => (title === undefined ? words : element("span", words, { title }));
  const named = (number) => {
    const row = picture.place.get(number);
    return row === undefined ? "" : o.label[row];
  };

  // A part of an order, as a chain: number and words of each operation, and the state after it.
  const chain = (points, position, count) => {
    const first = Math.max(0, position - AROUND);
    const last = Math.min(points.number.length, position + AROUND + 1);
    const steps = [];
    if (first > 0 || count > points.number.length) steps.push("… ");
    for (let place = first; place < last; place += 1) {
      const number = points.number[place];
      const state = points.state[place] === "" ? "" : ` = ${points.state[place]}`;
      if (place > first) steps.push(" → ");
      const words = ` ${named(number)}${state}`;
      steps.push(link(number, number), place === position ? element("b", words) : words);
    }
    if (last < points.number.length) steps.push(" → …");
    return line("order", ...steps);
  };
  const until = (number) => {
    const row = picture.place.get(number);
    return row === undefined ? ["the end of ", link(number)] : [exact(f.brief(o.end[row]), f.when(o.end[row]))];
  };

  // How far the history can be explained with an operation, and in which order.
  const explained = (row) => {
    const number = o.number[row];
    const key = data.keys.find((found) => found.name === o.key[row]);
    if (key === undefined || key.verdict === "") return [];
    const { points, stuck } = key;
    const position = points.number?.indexOf(number) ?? -1;
    if (position >= 0) {
      const far = key.verdict === "valid" ? ["The order that explains every answer has it."]
        : stuck === null ? ["The longest order that was found has it."]
          : ["The order that explains most has it: everything until ", ...until(stuck), ", but not ", link(stuck), "."];
      return [line("far", ...far), chain(points, position, key.ordered)];
    }
    const partial = key.partials.find((found) => found.number === number);
    if (partial?.stops === null) {
      return [line("far", "No order has a place for it: after what had completed before it began, it cannot have this answer.")];
    }
    if (partial !== undefined) {
      const reason = partial.stops === stuck
        ? ["If it took effect, the history can still be explained until ", ...until(stuck), ", but not ", link(stuck), "."]
        : ["If it took effect, the history can be explained until ", ...until(partial.stops), ", but then not ",
          link(partial.stops), ` (${named(partial.stops)}).`];
      return [line("far", ...reason), chain(partial.points, partial.points.number.indexOf(number), partial.count)];
    }
    const end = stuck === null || !picture.place.has(stuck) ? Infinity : o.end[picture.place.get(stuck)];
    const why = o.outcome[row] === "fail" ? "It failed, so it needs no place in an order."
      : key.verdict === "valid" ? "The order that explains every answer does without it: it need not have taken effect."
        : o.start[row] > end ? "It began after the violation, and no order gets past that."
          : o.outcome[row] !== "ok" ? "Its outcome is unknown, and the order that explains most does without it."
            : "How far an order with it gets was not looked for.";
    return [line("far", why)];
  };

  const operation = (row) => {
    const number = o.number[row];
    const key = data.keys.find((found) => found.name === o.key[row]);
    const partial = key?.partials.find((found) => found.number === number);
    if (partial !== undefined && partial.stops !== null) {
      const stops = picture.place.get(partial.stops);
      picture.lead(partial.points, stops === undefined ? [] : [stops]);
    }
    const [time, state] = picture.order.get(row) ?? [null, ""];
    const effect = time === null || partial !== undefined ? [] : [exact(
      o.outcome[row] === "fail"
        ? `at ${f.brief(time)} it saw the state ${state}`
        : `took effect at ${f.brief(time)}, then the state was ${state}`, f.when(time))];
    const [from, to] = [o.start[row], o.end[row]];
    const lasted = data.clock ? ` (${f.took(o.latency[row])})` : "";
    const outcome = o.outcome[row] === "info" || o.outcome[row] === "invoke" ? "outcome unknown" : o.outcome[row];
    fill(
      line(
        "what", element("strong", `Operation ${number}`), ...between([` ${o.label[row]}`, o.who[row]]),
        o.key[row] === "" ? "" : `, key ${o.key[row]}`, " · ", link(number, "link"),
      ),
      line("when", ...between([
        exact(`from ${f.brief(from)} to ${f.brief(to)}${lasted}`, `from ${f.when(from)} to ${f.when(to)}`),
        outcome + (o.error[row] ? `: ${o.error[row]}` : ""), ...effect, `event ${o.index[row]}`,
        ...(key?.counterexample.includes(number) ? ["part of the counterexample"] : []),
      ])),
      ...explained(row),
    );
  };
  const pretty = (body) => {
    try {
      return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      return body; // cut, or with characters that cannot be printed
    }
  };
  const other = ({ what, words, more, body }) => fill(
    line("what", element("strong", what), ...words.flatMap((part) => [" · ", part])),
    line("when", ...between(more.map(([part, title]) => exact(part, title)))),
    ...(body === undefined ? [] : [element("pre", pretty(body))]),
  );
  const missing = (number) => fill(line("what", `Operation ${number} is not on this page.`));
  return { operation, other, missing, clear: () => at("details").replaceChildren() };
}
