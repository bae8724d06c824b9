import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const MESSAGE_LINES = 8;
const FRAMES = 3;
const OUR_FRAME = /^ *at (?!.*(node_modules|node:|<anonymous>))/;

/**
 * Names what failed once more at the end, below thousands of lines about what passed: tests, and the
 * hooks of files and describes, whose tests vitest calls skipped. And what was late at first.
 */
export default class FailureReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    for (const module of modules) {
      const name = `[${module.project.name}] ${module.relativeModuleId}`;
      report(name, module.errors());
      for (const suite of module.children.allSuites()) {
        report(`${name} > ${suite.fullName}`, suite.errors());
      }
      for (const test of module.children.allTests('failed')) {
        report(`${name} > ${test.fullName}`, test.result().errors ?? []);
      }
      for (const test of module.children.allTests('passed')) {
        for (const { message } of test.result().errors ?? []) {
          console.log(`in time when tried again: ${name} > ${test.fullName}\n  ${message}`);
        }
      }
    }
    report('outside of any test', unhandled);
  }
}

function report(name: string, errors: readonly SerializedError[]): void {
  for (const { message, stack = '' } of errors) {
    const frames = stack.split('\n').filter((line) => OUR_FRAME.test(line));
    const lines = [...message.split('\n').slice(0, MESSAGE_LINES), ...frames.slice(0, FRAMES)];
    console.log(`failed: ${name}\n${lines.map((line) => `  ${line.trim()}`).join('\n')}`);
  }
}
