// Draws what `page_data.py` describes, with BokehJS.
// No text of a run becomes HTML here: it reaches the page as `textContent`, and Bokeh escapes what its tooltips show.
const FEW = 10; // of fewer operations, curves and an overview say nothing

// What `clew serve` adds to a page: where its messages are, and links to other runs. Nothing for a page that is a file.
async function whatServes() {
  if (document.readyState === "loading") {
    await new Promise((done) => { addEventListener("DOMContentLoaded", done, { once: true }); });
  }
  const told = JSON.parse(document.getElementById("served")?.textContent ?? "{}");
  for (const [words, address] of told.links ?? []) {
    document.getElementById("links").append(Object.assign(document.createElement("a"), { textContent: words, href: address }));
  }
  return told;
}

(async () => {
  const at = (id) => document.getElementById(id);
  const unpack = (id) => {
    const bytes = Uint8Array.from(atob(at(id).textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const [library, packed] = await Promise.all([unpack("library"), unpack("data")]);
  const element = document.createElement("script");
  element.textContent = library;
  document.head.append(element);
  Bokeh.set_log_level("warn");
  const data = JSON.parse(packed);

  // The timeline takes the room that is left on the first screen, so it must have its place before it is drawn.
  at("status").remove();
  at("timeline").hidden = data.operations.number.length === 0;
  const f = frame(data);
  overview(f);
  const pictures = { timeline: timeline(f) };
  latencies(f);
  rates(f);
  pictures.messages = messages(f);
  pictures.lives = lives(f);
  f.refresh = () => {
    pictures.timeline.refresh();
    pictures.messages.refresh(pictures.timeline.visible);
    pictures.lives.refresh();
  };
  const moves = moving(f, pictures);
  let waiting = 0;
  for (const range of [f.range, ...moves.lanes]) {
    range.change.connect(() => {
      clearTimeout(waiting);
      waiting = setTimeout(f.refresh, 60);
    });
  }
  legends(f);

  const violated = data.keys.find((key) => key.stuck !== null) ?? data.keys[0];
  moves.show(data.keys.length > 1 ? violated.name : null);
  if (data.moments.length && data.moments[0].wrong) moves.jump(data.moments[0]);
  else moves.everything();
  const served = await whatServes();
  const says = {
    // Without a journal there is nothing to fetch either.
    messages: data.messages.id.length > 0 || (served.messages !== undefined && data.places.length > 0),
    // Nodes that were up all the time, and used no ballots, views or terms.
    lives: data.lives.state.some((state) => state !== "up") || data.marks.time.length > 0,
    latency: data.clock && data.operations.number.length >= FEW,
    rate: data.clock && data.operations.number.length >= FEW,
    overview: data.operations.number.length >= FEW,
    timeline: data.operations.number.length > 0,
  };
  const shown = f.figures.filter(([id]) => says[id]);
  for (const [id] of shown) at(id).hidden = false;
  const roots = new Bokeh.Document();
  for (const [, plot] of shown) roots.add_root(plot);
  const places = shown.map(([id]) => at(id).querySelector(".plot"));
  await Bokeh.embed.add_document_standalone(roots, document.body, places);
  for (const [, plot] of shown) {
    const { events_el: touched } = Bokeh.index.get_by_id(plot.id).canvas_view;
    // The Tab key stops once at each picture, at the element that has a name. Bokeh's own element has none.
    touched.tabIndex = -1;
    // A finger that moves up or down scrolls the page. To the side, it pans the picture.
    touched.style.touchAction = "pan-y";
  }
  f.refresh();
  if (served.messages !== undefined) pictures.messages.elsewhere.from(served.messages);
  if (!moves.visited()) scrollTo(0, 0);
  // For programs that drive this page: tests, and `clew report --png`.
  const colours = () => f.painted.map(([model, property, name]) => [name, model[property]?.value ?? model[property]]);
  const plots = Object.fromEntries(f.figures);
  window.clew = { range: f.range, data, sources: f.sources, plots, colours, ...moves, drawn: performance.now() };
  document.documentElement.dataset.drawn = "yes";
})().catch((problem) => {
  const said = document.createElement("p");
  said.id = "status";
  said.textContent = `The pictures could not be drawn: ${problem.message}`;
  document.getElementById("status")?.remove();
  document.getElementById("bar").after(said);
  document.documentElement.dataset.drawn = "no";
  console.error(problem);
});
