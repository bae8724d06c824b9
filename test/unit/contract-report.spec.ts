import { expect, it } from 'vitest';
import { type ContractResult, contractReport } from '../support/contract-report.js';

const result = (
  storage: string,
  test: string,
  state: ContractResult['state'] = 'passed',
): ContractResult => ({ storage, test, state });

it('The report of the storage contract shows all storages side by side, and what they leave out', () => {
  const report = contractReport([
    result('A disk', 'keeps'),
    result('A disk', 'lists', 'failed'),
    result('A disk', 'reads back'),
    result('A store', 'keeps'),
    result('A store', 'cannot read back, as declared: it is like that'),
    result('A store', 'lists'),
    result('Another (not installed)', 'keeps', 'skipped'),
    result('Another (not installed)', 'lists', 'skipped'),
    result('Another (not installed)', 'reads back', 'skipped'),
  ]);
  expect(report.split('\n')).toEqual([
    '              1    2    3',
    'keeps        ok   ok skip',
    'lists      FAIL   ok skip',
    'reads back   ok    - skip',
    '',
    ' 1  A disk',
    ' 2  A store',
    ' 3  Another (not installed)',
    '',
    '-: left out, and declared:',
    '2: cannot read back, as declared: it is like that (passed)',
  ]);
});
