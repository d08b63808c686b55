import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder, isExecutable, onPath, provision, type Log, type ProgramSource } from './provision';
import { runProgram } from './run-program';
import { sdkDownload, sdkDownloadPath } from './sdk-download';

/** The version of Maven's `io.temporal:temporal-test-server`. */
const TEST_SERVER_VERSION = '1.32.0';
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const MAVEN_TIMEOUT_MS = 10 * 60_000;

/** What `TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })` takes. */
export interface TestServerExecutable {
  type: 'existing-path';
  path: string;
}

/**
 * Gives a time-skipping test server: TEMPORAL_TEST_SERVER_PATH, the cache folder, the SDK's own download, or the one that
 * Maven has, run by Java (once; less than a minute).
 * @throws Error when TEMPORAL_TEST_SERVER_PATH is not an executable, or when nothing worked: what was tried, and the remedy
 */
export async function findTestServer({
  log,
  env = process.env,
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<TestServerExecutable> {
  const named = env['TEMPORAL_TEST_SERVER_PATH'];
  if (named) {
    if (await isExecutable(named)) return { type: 'existing-path', path: named };
    throw new Error(
      'TEMPORAL_TEST_SERVER_PATH does not name an executable file; correct it, or unset it to have one found.',
    );
  }
  const folder = cacheFolder(env);
  const program = join(folder, `temporal-test-server-${TEST_SERVER_VERSION}`);
  const launcher = join(program, 'start');
  const path = await provision({
    program: 'a time-skipping Temporal server',
    cached: [sdkDownloadPath('time-skipping', folder), launcher],
    sources: [sdkDownload('time-skipping', folder, env), maven(folder, program, launcher, env)],
    remedy:
      "Install Java and Maven, or set TEMPORAL_TEST_SERVER_PATH to a temporal-test-server of the Java SDK's releases (https://github.com/temporalio/sdk-java/releases).",
    folder,
    log,
  });
  return { type: 'existing-path', path };
}

function maven(folder: string, program: string, launcher: string, env: NodeJS.ProcessEnv): ProgramSource {
  return {
    name: `Maven's io.temporal:temporal-test-server ${TEST_SERVER_VERSION}, run by Java`,
    takes: 'once; less than a minute',
    fetch: async () => {
      const [mvn, java] = [await onPath('mvn', env), await onPath('java', env)];
      if (!mvn) throw new Error('mvn is not on PATH');
      if (!java) throw new Error('java is not on PATH');
      const making = await mkdtemp(join(folder, 'maven-'));
      try {
        await writeFile(join(making, 'pom.xml'), POM);
        await runProgram(
          mvn,
          [
            '-q',
            '-B',
            `${DEPENDENCY_PLUGIN}:copy-dependencies`,
            '-DincludeScope=runtime',
            '-DoutputDirectory=jars',
          ],
          { env, cwd: making, timeoutMs: MAVEN_TIMEOUT_MS },
        );
        await writeFile(join(making, 'start'), launchScript(java));
        await chmod(join(making, 'start'), 0o755);
        await rm(program, { recursive: true, force: true });
        await rename(making, program);
      } finally {
        await rm(making, { recursive: true, force: true });
      }
      return launcher;
    },
  };
}

/** The options halve the time to the first answer: the SDK waits no more than 5 s for it. */
function launchScript(java: string): string {
  return `#!/bin/sh
exec '${java.replaceAll("'", `'\\''`)}' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"
`;
}

/** slf4j-nop keeps the server silent; its version is that of the slf4j-api that the server brings. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>hosted-link</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${TEST_SERVER_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/** Starts a time-skipping server. Tries up to 8 times: the SDK waits 5 s for it, which Java can miss on a busy machine. */
export async function startTimeSkipping(path: string, attemptsLeft = 8): Promise<TestWorkflowEnvironment> {
  const server = { executable: { type: 'existing-path', path } } as const;
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server });
  } catch (error) {
    if (attemptsLeft <= 1) throw error;
    return await startTimeSkipping(path, attemptsLeft - 1);
  }
}
