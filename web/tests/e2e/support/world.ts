import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

/** What the demonstration says of itself. */
export interface Stage {
  folder: string;
  kiosks: { station: string; operator: string; url: string }[];
  drivers: { name: string; cin: string; home: string; account: string }[];
  members: { id: string; name: string; pages: string }[];
  /** Of every account. */
  password: string;
  /** Where one begins. */
  begin: string;
  /** Address of the simulator's page. */
  simulator: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stage: Stage;
  }
}

/** Longest wait for the members, in milliseconds. */
const READY = 150_000;

/** Starts the demonstration: four members and their stations, real processes. `FAIRWAY_DEMO` names the folder of one that runs already. */
export default async function world(project: TestProject): Promise<() => Promise<void>> {
  const running = process.env['FAIRWAY_DEMO'];
  if (running) {
    project.provide('stage', told(running));
    return () => Promise.resolve();
  }
  const program = process.env['FAIRWAY_PROGRAM'] ?? resolve(import.meta.dirname, '../../../../target/debug/fairway');
  const folder = mkdtempSync(join(tmpdir(), 'fairway-browser-'));
  const child = spawn(program, ['demo', '--quick', '--dir', folder, '--speed', '60', '--pages', resolve(import.meta.dirname, '../../../dist')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ready = join(folder, 'demo.json');
  const until = Date.now() + READY;
  while (!existsSync(ready)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`the demonstration did not open its screens; logs are in ${folder}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  project.provide('stage', told(folder));
  return async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
}

function told(folder: string): Stage {
  return { folder, ...(JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')) as Omit<Stage, 'folder'>) };
}

/** Ends it as Ctrl-C does, so that it ends its members. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await over;
}

/** Does something in the demonstration's world, as the simulator's page does. */
export async function deed(stage: Stage, what: string, of: { station?: string; member?: string }): Promise<void> {
  const answer = await fetch(new URL('/simulator/act', stage.simulator), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: crypto.randomUUID(), deed: what, ...of }),
  });
  if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
}
