import { inspect } from 'node:util';
import { refusal } from '../../../../src/ops/doctor/refusal';
import { InputError } from '../../../../src/domain/input-error';
import { VaultError } from '../../../../src/vault';

describe('an error that a check met', () => {
  it('of ours is shown, with its remedy', () => {
    expect(refusal('x', new InputError('PLAID_ENV', 'wrong', 'set it; or leave it out'))).toEqual({
      check: 'x',
      level: 'problem',
      message: 'PLAID_ENV: wrong',
      remedy: 'set it; or leave it out',
    });
    expect(refusal('x', new VaultError('VAULT_UNREACHABLE', 'nothing listens there'))).toMatchObject({
      message: 'nothing listens there',
      remedy: 'start the database, or correct DATABASE_URL',
    });
  });

  it('of the Temporal server is told by its code', () => {
    const error = Object.assign(new Error('7 PERMISSION_DENIED: key abc'), {
      code: 7,
      details: 'key abc',
      metadata: {},
    });
    expect(refusal('x', error).message).toBe('the Temporal server refused to answer (PERMISSION_DENIED)');
  });

  it('of others is told by its kind alone, since its message may hold anything', () => {
    const error = Object.assign(new Error('postgresql://u:secret@host'), { code: 'ECONNRESET' });
    expect(refusal('x', error).message).toBe('failed unexpectedly (ECONNRESET)');
    expect(inspect(refusal('x', new TypeError('secret')))).not.toContain('secret');
  });
});
