import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What one storage made of one case. */
export interface ContractResult {
  readonly storage: string;
  readonly test: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
}

const SUITE = / keeps the storage contract$/;
/** A case that stands for others, which a storage leaves out and says so. */
const DECLARED = /, as declared: /;
const CELLS = { passed: 'ok', failed: 'FAIL', skipped: 'skip', pending: '?' };
const LEFT_OUT = '-';

/** All storages of the contract side by side: rows are its cases, columns are storages. */
export function contractReport(results: readonly ContractResult[]): string {
  const storages = [...new Set(results.map(({ storage }) => storage))];
  const tests = inOrder(storages.map((storage) => casesOf(results, storage)));
  const cellOf = (storage: string, test: string): string => {
    const found = results.find((each) => each.storage === storage && each.test === test);
    return found ? CELLS[found.state] : LEFT_OUT;
  };
  const width = Math.max(0, ...tests.map(({ length }) => length));
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(4))].join(' ');
  const gaps = results
    .filter(({ test }) => DECLARED.test(test))
    .map(({ storage, test, state }) => `${storages.indexOf(storage) + 1}: ${test} (${state})`);
  return [
    row(
      '',
      storages.map((_, index) => String(index + 1)),
    ),
    ...tests.map((test) =>
      row(
        test,
        storages.map((storage) => cellOf(storage, test)),
      ),
    ),
    '',
    ...storages.map((storage, index) => `${String(index + 1).padStart(2)}  ${storage}`),
    '',
    `${LEFT_OUT}: left out, and declared:`,
    ...(gaps.length > 0 ? gaps : ['nothing']),
  ].join('\n');
}

function casesOf(results: readonly ContractResult[], storage: string): string[] {
  return results
    .filter((each) => each.storage === storage && !DECLARED.test(each.test))
    .map(({ test }) => test);
}

/** Each once, those that only some storages have at the place where these have them. */
function inOrder(lists: readonly (readonly string[])[]): string[] {
  const [longest = [], ...others] = lists.toSorted((a, b) => b.length - a.length);
  const all = [...longest];
  for (const list of others) {
    for (const name of list) {
      if (!all.includes(name)) all.push(name);
    }
  }
  return all;
}

/** Prints the report when a run is over in which a storage was held against the contract. */
export default class ContractReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const results = modules.flatMap((module) => [...module.children.allTests()].flatMap(resultOf));
    if (results.length === 0) return;
    console.log(`\nThe storage contract\n\n${contractReport(results)}\n`);
  }
}

function resultOf(test: TestCase): ContractResult[] {
  const { name, parent } = test;
  if (parent.type !== 'suite' || !SUITE.test(parent.name)) return [];
  const storage = parent.name.replace(SUITE, '');
  return [{ storage, test: name, state: test.result().state }];
}
