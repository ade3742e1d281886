import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

/** What the demonstration says of itself. */
export interface Stage {
  folder: string;
  kiosks: { station: string; operator: string; url: string }[];
  drivers: { name: string; cin: string; home: string }[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    stage: Stage;
  }
}

/** Longest wait for the members, in milliseconds. */
const READY = 150_000;

/** Starts the demonstration: four members and their stations, real processes. */
export default async function world(project: TestProject): Promise<() => Promise<void>> {
  const program = process.env['FAIRWAY_PROGRAM'] ?? resolve(import.meta.dirname, '../../../../target/debug/fairway');
  const folder = mkdtempSync(join(tmpdir(), 'fairway-browser-'));
  const child = spawn(program, ['demo', '--quick', '--dir', folder, '--speed', '60', '--pages', resolve(import.meta.dirname, '../../../dist')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ready = join(folder, 'demo.json');
  const until = Date.now() + READY;
  while (!existsSync(ready)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`the demonstration did not open its screens; logs are in ${folder}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  project.provide('stage', { folder, ...(JSON.parse(readFileSync(ready, 'utf8')) as Omit<Stage, 'folder'>) });
  return async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Ends it as Ctrl-C does, so that it ends its members. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await over;
}
