import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { version as sdkVersion } from '@temporalio/testing/package.json';
import type { ProgramSource } from './provision';
import { runProgram } from './run-program';

/** The server programs that the SDK can download. */
export type SdkProgram = 'dev-server' | 'time-skipping';

const FILE_PREFIX: Record<SdkProgram, string> = {
  'dev-server': 'temporal-sdk-typescript-',
  'time-skipping': 'temporal-test-server-sdk-typescript-',
};

/** A slow line still downloads 40 MB in this time, in milliseconds: 10 min. */
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
/** How long the download may bring no byte, in milliseconds: behind a proxy that swallows connections it never would. */
const STALL_MS = 20_000;

/** Where the SDK puts (and finds again) its download in `folder`. */
export function sdkDownloadPath(program: SdkProgram, folder: string): string {
  return join(folder, FILE_PREFIX[program] + sdkVersion);
}

/**
 * The SDK's own download, into `folder`. The SDK only downloads a server in order to start it, without any time limit, and
 * cannot be interrupted: so a child process does that, starts and stops the server once, and is killed when no byte
 * comes for `stallMs` milliseconds.
 */
export function sdkDownload(
  program: SdkProgram,
  folder: string,
  env: NodeJS.ProcessEnv,
  stallMs = STALL_MS,
): ProgramSource {
  return {
    name: "the Temporal SDK's own download",
    fetch: async () => {
      const path = sdkDownloadPath(program, folder);
      const partial = `${path}.downloading`;
      await rm(partial, { force: true });
      try {
        await runProgram(
          process.execPath,
          ['--import', 'tsx', join(__dirname, 'sdk-download-child.ts'), program, resolve(folder)],
          {
            // gRPC would ask the proxy even for the server on loopback.
            env: { ...env, no_grpc_proxy: '127.0.0.1' },
            cwd: join(__dirname, '..'),
            timeoutMs: DOWNLOAD_TIMEOUT_MS,
            progress: {
              measure: async () => (await stat(partial).catch(() => undefined))?.size ?? 0,
              stallMs,
            },
          },
        );
      } finally {
        await rm(partial, { force: true });
      }
      return path;
    },
  };
}
