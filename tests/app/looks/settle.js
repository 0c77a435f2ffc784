// Goes to a page, if one is given, and waits until it shows a text and stands still.
const [place, text, done] = arguments;
const frame = () => new Promise(requestAnimationFrame);
const deadline = performance.now() + 25000;
const late = () => performance.now() > deadline;
const moves = () =>
  document.getAnimations().some((animation) => {
    const { iterations } = animation.effect?.getComputedTiming() ?? {};
    return animation.playState === "running" && iterations !== Infinity;
  });
const shown = () => text === "" || document.body.innerText.includes(text);

async function settle() {
  if (place !== "") {
    // What was done on the page before is forgotten.
    location.hash = "#/";
    await frame();
    location.hash = place;
  }
  while (!shown()) {
    if (late()) return `it does not show "${text}":\n${document.body.innerText}`;
    await new Promise((resume) => setTimeout(resume, 15));
  }
  await document.fonts.ready;
  while (moves() && !late()) await frame();
  for (let frames = 0; frames < 3; frames += 1) await frame();
  return "";
}
settle().then(done, (error) => done(String(error)));
