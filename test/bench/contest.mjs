import { candidatesOf } from './candidates.mjs';
import { settings } from './settings.mjs';
import { payloads } from './support/payload.mjs';
import { takeTurn } from './turn.mjs';

/** Above this share of the machine, others disturbed the turn. */
const NOISE = 0.15;

/**
 * Every candidate of a scenario, by turns: A B C, C B A, A B C, so that a machine that gets slower
 * or warmer meets all alike. Answers one Map (candidate to measurement) a round, and how often
 * others disturbed.
 */
export async function holdContest(scenario, postgres) {
  const candidates = candidatesOf(scenario);
  // The sums that servers are told are computed here, outside of any timed part.
  const sums = payloads(scenario.files, scenario.chunkSize).map((file) => file.md5());
  const rounds = [];
  const disturbed = { redone: 0, kept: 0 };
  for (let n = 0; n < settings.rounds; n++) {
    const turns = new Map();
    for (const candidate of n % 2 ? candidates.toReversed() : candidates) {
      const turn = () => takeTurn(candidate, scenario, sums, postgres);
      turns.set(candidate, await undisturbed(turn, disturbed));
      progress(scenario, n, candidate, turns.get(candidate));
    }
    rounds.push(turns);
  }
  return { scenario, candidates, rounds, disturbed };
}

/** Takes the turn again while others disturb it; of nothing but disturbed ones, the least. */
async function undisturbed(turn, disturbed) {
  let best = await turn();
  for (let redos = 0; best.othersShare > NOISE; redos++) {
    if (redos === settings.redos) {
      disturbed.kept++;
      break;
    }
    disturbed.redone++;
    const next = await turn();
    if (next.othersShare < best.othersShare) best = next;
  }
  return best;
}

function progress({ key, unit }, round, { name }, { throughput, othersShare }) {
  const others = Math.round(othersShare * 100);
  console.error(
    `${key} ${round + 1}/${settings.rounds} ${name}: ${Math.round(throughput)} ${unit} (others ${others} %)`,
  );
}
