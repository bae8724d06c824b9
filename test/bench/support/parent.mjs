/** The side of a `Child`: says that it is ready, answers the parent's questions, ends with it. */
export function answerParent(ready, answers = {}) {
  process.on('disconnect', () => process.exit());
  const answer = async ({ question, argument }) =>
    process.send((await answers[question](argument)) ?? null);
  process.on('message', (message) => void answer(message));
  process.send(ready);
}
