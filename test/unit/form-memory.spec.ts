import { describe, expect, it } from 'vitest';
import { FormMemory } from '../../src/chunked-upload/memory/form-memory.js';
import { MemoryBudget } from '../../src/chunked-upload/memory/memory-budget.js';

const KIB = 1024;

/** Forms that may have 256 KiB together. */
function start() {
  const budget = new MemoryBudget(1024 * KIB);
  const forms = new FormMemory(budget);
  const givenUp: string[] = [];
  const open = (name: string) => forms.open(() => givenUp.push(name));
  return { budget, forms, givenUp, open };
}

describe('The memory of forms', () => {
  it('counts in the budget until they are closed', () => {
    const { budget, forms, open } = start();
    const [first, second] = [open('first'), open('second')];
    first.take(10 * KIB);
    second.take(20 * KIB);
    expect([forms.held, budget.used]).toEqual([30 * KIB, 30 * KIB]);
    first.close();
    first.close();
    first.take(10 * KIB);
    expect([forms.held, budget.used]).toEqual([20 * KIB, 20 * KIB]);
    second.close();
    expect([forms.held, budget.used]).toEqual([0, 0]);
  });

  it('is taken from the form that has been silent for longest', () => {
    const { forms, givenUp, open } = start();
    const [first, second, third] = [open('first'), open('second'), open('third')];
    first.take(100 * KIB);
    second.take(100 * KIB);
    first.take(1 * KIB);
    expect(givenUp).toEqual([]);
    third.take(100 * KIB);
    expect(givenUp).toEqual(['second']);
    expect(forms.held).toBe(201 * KIB);
    expect([first.held, second.held, third.held]).toEqual([101 * KIB, 0, 100 * KIB]);
  });

  it('gives up a form that is itself too large', () => {
    const { forms, givenUp, open } = start();
    open('first').take(300 * KIB);
    expect(givenUp).toEqual(['first']);
    expect(forms.held).toBe(0);
  });

  it('has no room for a crowd of silent ones', () => {
    const { forms, givenUp, open } = start();
    for (let form = 0; form < 1000; form += 1) open(String(form)).take(10 * KIB);
    expect(givenUp.length).toBe(975);
    expect(forms.held).toBe(250 * KIB);
    open('last').take(KIB);
    expect(givenUp).not.toContain('last');
  });
});
