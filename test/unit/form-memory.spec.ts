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
    first.hold(15 * KIB);
    first.hold(10 * KIB);
    second.hold(20 * KIB);
    expect([forms.held, budget.used]).toEqual([30 * KIB, 30 * KIB]);
    first.close();
    first.close();
    first.hold(20 * KIB);
    expect([forms.held, budget.used]).toEqual([20 * KIB, 20 * KIB]);
    second.close();
    expect([forms.held, budget.used]).toEqual([0, 0]);
  });

  it('is taken from the largest form, however long others have been silent', () => {
    const { forms, givenUp, open } = start();
    const [small, large, last] = [open('small'), open('large'), open('last')];
    small.hold(1 * KIB);
    large.hold(200 * KIB);
    last.hold(100 * KIB);
    expect(givenUp).toEqual(['large']);
    expect([small.held, large.held, last.held]).toEqual([1 * KIB, 0, 100 * KIB]);
    expect(forms.held).toBe(101 * KIB);
  });

  it('is taken from the one that has been silent for longest, of those of about one size', () => {
    const { forms, givenUp, open } = start();
    const [first, second, third] = [open('first'), open('second'), open('third')];
    first.hold(100 * KIB);
    second.hold(100 * KIB);
    first.hold(101 * KIB);
    expect(givenUp).toEqual([]);
    third.hold(100 * KIB);
    expect(givenUp).toEqual(['second']);
    expect(forms.held).toBe(201 * KIB);
    expect([first.held, second.held, third.held]).toEqual([101 * KIB, 0, 100 * KIB]);
  });

  it('gives up a form that is itself too large', () => {
    const { forms, givenUp, open } = start();
    open('small').hold(1 * KIB);
    open('first').hold(300 * KIB);
    expect(givenUp).toEqual(['first']);
    expect(forms.held).toBe(1 * KIB);
  });

  it('has no room for a crowd of silent ones', () => {
    const { forms, givenUp, open } = start();
    for (let form = 0; form < 1000; form += 1) open(String(form)).hold(10 * KIB);
    expect(givenUp.length).toBe(975);
    expect(forms.held).toBe(250 * KIB);
    open('last').hold(KIB);
    expect(givenUp).not.toContain('last');
  });

  it('leaves a form that has come whole alone, and still counts it', () => {
    const { budget, forms, givenUp, open } = start();
    const [whole, coming] = [open('whole'), open('coming')];
    whole.hold(200 * KIB);
    whole.whole();
    whole.whole();
    coming.hold(100 * KIB);
    coming.hold(300 * KIB);
    expect(givenUp).toEqual(['coming']);
    expect([forms.held, budget.used]).toEqual([0, 200 * KIB]);
    whole.close();
    expect([forms.held, budget.used]).toEqual([0, 0]);
  });

  it('has no form wait for itself, which gives nothing back before its end', () => {
    const budget = new MemoryBudget(64 * 1024 * KIB);
    const forms = new FormMemory(budget);
    for (let body = 0; body < 1000; body += 1) budget.account().take(KIB);
    let isPaused = false;
    const form = forms.open(() => undefined);
    form.attach({
      pause: () => {
        isPaused = true;
      },
      resume: () => undefined,
    });
    form.hold(500 * KIB);
    expect(budget.share).toBeLessThan(100 * KIB);
    expect(isPaused).toBe(false);
  });
});
