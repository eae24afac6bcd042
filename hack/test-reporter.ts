import { relative } from 'node:path';
import type {
  Reporter,
  SerializedError,
  TestModule,
  TestRunEndReason,
  TestSuite,
  Vitest,
} from 'vitest/node';

/** What `npm test` ends with; a file or hook that fails counts as one failed test. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

const SLOWEST_FILES_MAX = 10;

function elapsedMs(module: TestModule): number {
  const { collectDuration, duration } = module.diagnostic();
  return Math.round(collectDuration + duration);
}

function brokenSuites(module: TestModule): (TestModule | TestSuite)[] {
  return [module, ...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
}

/** A test that never came to its result (its worker died, or the run was cut short) has failed. */
function tallyModule(module: TestModule): Tally {
  let [passed, failed, skipped] = [0, brokenSuites(module).length, 0];
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else if (state === 'skipped') skipped += 1;
    else failed += 1;
  }
  if (failed === 0 && module.state() !== 'passed' && module.state() !== 'skipped') failed = 1;
  return { passed, failed, skipped };
}

/** One line per file as it ends, failures with their stacks, and the slowest files; the caller prints the tally. */
export class TestReporter implements Reporter {
  readonly #print: (text: string) => void;
  #vitest: Vitest | undefined;
  #tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  #isGood = false;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** Final only after the run. */
  get tally(): Tally {
    return this.#tally;
  }

  /** Whether the run came to its end, something passed and nothing failed. */
  get isGood(): boolean {
    return this.#isGood;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onUserConsoleLog({ content }: { content: string }): void {
    this.#print(content.trimEnd());
  }

  onTestModuleEnd(module: TestModule): void {
    const { passed, failed, skipped } = tallyModule(module);
    const counts = [`${passed} passed`];
    if (failed > 0) counts.push(`${failed} failed`);
    if (skipped > 0) counts.push(`${skipped} skipped`);
    const mark = failed > 0 ? 'FAIL' : 'ok  ';
    this.#print(`${mark} ${this.#name(module)}  ${counts.join(', ')}  ${elapsedMs(module)} ms`);
    for (const suite of brokenSuites(module)) {
      const name = suite.type === 'module' ? 'the file itself' : suite.fullName;
      this.#printFailure(module, name, suite.errors());
    }
    for (const test of module.children.allTests('failed')) {
      this.#printFailure(module, test.fullName, test.result().errors ?? []);
    }
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    let [passed, failed, skipped] = [0, unhandledErrors.length, 0];
    for (const tally of modules.map(tallyModule)) {
      passed += tally.passed;
      failed += tally.failed;
      skipped += tally.skipped;
    }
    this.#isGood = reason === 'passed' && passed > 0 && failed === 0;
    this.#tally = { passed, failed, skipped };
    for (const error of unhandledErrors) this.#printError(error, 'outside of every test');
    if (modules.length > 0) this.#printSlowest(modules);
  }

  #name(module: TestModule): string {
    return relative(module.project.config.root, module.moduleId);
  }

  #printFailure(module: TestModule, name: string, errors: readonly SerializedError[]): void {
    for (const error of errors) this.#printError(error, `${this.#name(module)} > ${name}`, module);
  }

  #printError(error: SerializedError, title: string, module?: TestModule): void {
    const options = module === undefined ? {} : { project: module.project };
    const text = this.#vitest?.logger.formatError(error, options).output ?? error.message;
    this.#print(`
  ${title}
${text.trimEnd()}
`);
  }

  #printSlowest(modules: readonly TestModule[]): void {
    const slowest = modules.toSorted((a, b) => elapsedMs(b) - elapsedMs(a));
    this.#print('\nslowest files');
    for (const module of slowest.slice(0, SLOWEST_FILES_MAX)) {
      this.#print(`${String(elapsedMs(module)).padStart(8)} ms  ${this.#name(module)}`);
    }
  }
}
