// Messages that the page does not hold. It holds those around its moments; `clew serve` sends the others when asked.
const MOST_SECONDS = 0.3; // how long the view must rest before it is asked for

function othermessages(f, fill) {
  const { data, range } = f;
  const held = data.messages;
  const stretches = data.moments.map((moment) => [moment.start, moment.end]);
  let asked = null; // where to ask; null for a page that is a file
  let fetched = null; // what came: its stretch of time, and how many messages it leaves out
  let waiting = 0;
  let number = 0;
  const within = ([start, end]) => start <= Math.max(range.start, 0) && end >= Math.min(range.end, data.end);
  const covered = () => {
    if (stretches.some(within)) return true;
    if (fetched === null || !within([fetched.start, fetched.end])) return false;
    // Of too many messages only some came. There may be more to see in a shorter stretch.
    return fetched.left_out === 0 || (range.end - range.start) * 2 > fetched.end - fetched.start;
  };
  const say = () => {
    const some = data.moments.some((moment) => f.seen(moment.start, moment.end));
    const around = data.moments.some((moment) => moment.wrong) ? "each violation" : "the moments above the timeline";
    let words = "";
    if (asked !== null) {
      if (fetched !== null && fetched.left_out === null) words = "This is too long to draw its messages. Zoom in.";
      else if (fetched !== null && fetched.left_out > 0) {
        words = `${fetched.left_out.toLocaleString("en")} more messages of this time are not drawn. Zoom in for them.`;
      }
    } else {
      words = `This page has the messages around ${around}${some ? " only" : ", and none of this time"}; ` +
        "clew serve shows all.";
    }
    f.at("elsewhere").textContent = words;
  };
  const get = async () => {
    const mine = ++number;
    const half = (range.end - range.start) / 2;
    const [start, end] = [Math.max(0, range.start - half), Math.min(data.end, range.end + half)];
    const query = new URLSearchParams({ start, end, places: data.places.join("\n") });
    const answer = await fetch(`${asked}&${query}`).catch(() => null);
    if (mine !== number) return;
    if (answer === null || !answer.ok) {
      f.at("elsewhere").textContent = "The messages of this time cannot be fetched.";
      return;
    }
    const { messages, left_out } = await answer.json();
    if (mine !== number) return;
    fetched = { start, end, left_out };
    const news = new Set(messages.id);
    const old = held.id.flatMap((id, row) => (news.has(id) ? [] : [row]));
    const kept = f.pick(held, old);
    fill(Object.fromEntries(Object.keys(kept).map((name) => [name, [...messages[name], ...kept[name]]])));
    f.refresh();
  };
  const look = () => {
    say();
    clearTimeout(waiting);
    if (asked !== null && !covered()) waiting = setTimeout(get, MOST_SECONDS * 1000);
  };
  return { look, from: (address) => { asked = address; look(); } };
}
