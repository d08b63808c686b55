import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { requireSettings, type Settings } from './settings';
import { InputError } from '../domain/input-error';
import { generateKeyRingText, KEY_ID_PATTERN, type KeyRing, parseKeyRing } from '../secrets/key-ring';
import { refuseSharedKeys, refuseWeakKeys } from '../secrets/key-strength';
import { createSecretFile, readSecretFileIfThere } from '../secrets/secret-file';
import { joinKeyProviders, type KeyProvider, ringKeyProvider } from '../vault/crypto/key-provider';

const VAULT_SETTING = 'HOSTED_LINK_VAULT_KEYS';
const PROVIDER_SETTING = 'HOSTED_LINK_KEY_PROVIDER';
const KEY_FILE = 'keys.json';

/** The two key rings of a deployment. They share no key. */
export interface KeyRings {
  /** Seals what lies in the vault: for the worker and for readers of access tokens. */
  vaultRing: KeyRing;
  /** Encrypts payloads: for everyone who starts sessions, and for the codec server. */
  codecRing: KeyRing;
}

/**
 * The key rings from the settings. Outside production, a ring that is not set comes from `keys.json` in the data
 * directory, which is made on first use, with random keys, for this user only (mode 0600); processes that start at once
 * end up with the same keys.
 * @throws InputError naming the setting: missing in production; naming the file: readable by others, damaged, with keys that
 * are not random, or with one of the other ring
 */
export async function loadKeyRings(settings: Settings): Promise<KeyRings> {
  requireSettings(settings, 'vaultKeys', 'codecKeys');
  return { vaultRing: await loadVaultRing(settings), codecRing: await loadCodecRing(settings) };
}

/**
 * The vault's keys and the codec's, for a worker.
 * @throws InputError as {@link loadVaultKeys} and {@link loadCodecRing} do
 */
export async function loadKeys(settings: Settings): Promise<{ vaultKeys: KeyProvider; codecRing: KeyRing }> {
  requireSettings(settings, 'vaultKeys', 'codecKeys');
  return { vaultKeys: await loadVaultKeys(settings), codecRing: await loadCodecRing(settings) };
}

/**
 * The vault's keys alone: those of the module that HOSTED_LINK_KEY_PROVIDER names, else the ring's by the rules of
 * {@link loadKeyRings}. With both, the module's keys come first, and the ring's only unwrap.
 * @throws InputError as {@link loadKeyRings} does, or naming HOSTED_LINK_KEY_PROVIDER
 */
export async function loadVaultKeys(settings: Settings): Promise<KeyProvider> {
  const { keyProvider: path, vaultRing } = settings;
  if (path === undefined) return ringKeyProvider(await loadVaultRing(settings), VAULT_SETTING);
  const provider = await importProvider(path);
  if (vaultRing === undefined) return provider;
  return joinKeyProviders(provider, ringKeyProvider(await loadVaultRing(settings), VAULT_SETTING));
}

/**
 * The codec's key ring alone, for those who are not to have the vault's. Outside production, one that is not set comes from
 * `keys.json` in the data directory, which is made on first use, with random keys, for this user only (mode 0600).
 * @throws InputError naming HOSTED_LINK_CODEC_KEYS: missing in production, well-known or not random, or with a key of the vault's;
 * naming the file: readable by others, or damaged
 */
export async function loadCodecRing(settings: Settings): Promise<KeyRing> {
  if (settings.codecRing) return settings.codecRing;
  requireSettings(settings, 'codecKeys');
  const { codecRing } = await developmentRings(settings.dataDir);
  if (settings.vaultRing) refuseSharedKeys(settings.vaultRing, codecRing);
  return codecRing;
}

async function loadVaultRing(settings: Settings): Promise<KeyRing> {
  if (settings.vaultRing) return settings.vaultRing;
  requireSettings({ ...settings, keyProvider: undefined }, 'vaultKeys');
  const { vaultRing } = await developmentRings(settings.dataDir);
  if (settings.codecRing) refuseSharedKeys(vaultRing, settings.codecRing);
  return vaultRing;
}

const keyIds = z.array(z.string().regex(KEY_ID_PATTERN)).min(1);

/** A key provider of the deployment's own, from a module that exports `createKeyProvider`. */
async function importProvider(path: string): Promise<KeyProvider> {
  let provider: KeyProvider;
  try {
    const module = (await import(pathToFileURL(path).href)) as ProviderModule & { default?: ProviderModule };
    provider = await (module.createKeyProvider ?? module.default!.createKeyProvider!)();
  } catch (error) {
    throw new InputError(
      PROVIDER_SETTING,
      `no module that exports createKeyProvider, or one that failed (${(error as Error).name})`,
      'correct the path or the module',
    );
  }
  if (!keyIds.safeParse(provider.keyIds).success)
    throw new InputError(
      PROVIDER_SETTING,
      'its provider has no keys, or a malformed key id',
      'use 1 to 64 letters, digits, dots, underscores and hyphens',
    );
  return provider;
}

interface ProviderModule {
  createKeyProvider?: () => KeyProvider | Promise<KeyProvider>;
}

const keyFileSchema = z.strictObject({ vaultKeys: z.string(), codecKeys: z.string() });

async function developmentRings(dataDir: string): Promise<KeyRings> {
  const path = join(dataDir, KEY_FILE);
  const text = readKeyFile(path) ?? (await createKeyFile(dataDir, path));
  const parsed = keyFileSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new InputError(path, 'damaged', 'restore it, or remove it together with the vault beside it');
  const vaultRing = parseKeyRing(parsed.data.vaultKeys, `${path}, vaultKeys`);
  const codecRing = parseKeyRing(parsed.data.codecKeys, `${path}, codecKeys`);
  refuseWeakKeys(vaultRing, `${path}, vaultKeys`);
  refuseWeakKeys(codecRing, `${path}, codecKeys`);
  refuseSharedKeys(vaultRing, codecRing);
  return { vaultRing, codecRing };
}

function readKeyFile(path: string): string | undefined {
  try {
    return readSecretFileIfThere(path, path);
  } catch (error) {
    throw error instanceof InputError ? error : fileError(path, error);
  }
}

/** Of several processes that make the file at once, the first wins. */
async function createKeyFile(dataDir: string, path: string): Promise<string> {
  const text = JSON.stringify({
    vaultKeys: generateKeyRingText('vault'),
    codecKeys: generateKeyRingText('codec'),
  });
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await createSecretFile(path, text);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, error);
    // Another process was first.
    const theirs = readKeyFile(path);
    if (theirs === undefined) throw fileError(path, error);
    return theirs;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileError(path: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  return new InputError(
    path,
    `cannot be read or made (${code})`,
    `let this user write there, or set HOSTED_LINK_DATA_DIR, or ${VAULT_SETTING} and HOSTED_LINK_CODEC_KEYS`,
  );
}
