/** Each of `items` on one of `lanes`, none of which has two at once. */
export async function inLanes<L, I>(
  lanes: readonly L[],
  items: readonly I[],
  work: (lane: L, item: I) => Promise<void>,
): Promise<void> {
  const left = items.values();
  await Promise.all(
    lanes.map(async (lane) => {
      for (const item of left) await work(lane, item);
    }),
  );
}
