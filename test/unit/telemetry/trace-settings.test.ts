import { readTraceSettings } from '../../../src/telemetry/trace-settings';

describe('traces', () => {
  const endpoint = 'OTEL_EXPORTER_OTLP_ENDPOINT';

  test('are off unless an endpoint is given', () => {
    expect(readTraceSettings({})).toBeUndefined();
    expect(readTraceSettings({ [endpoint]: '' })).toBeUndefined();
    expect(readTraceSettings({ OTEL_TRACES_EXPORTER: 'otlp' })).toBeUndefined();
  });

  test.each([
    [{ [endpoint]: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ [endpoint]: 'http://collector:4318/' }, 'http://collector:4318/v1/traces'],
    [{ [endpoint]: 'https://collector/otlp' }, 'https://collector/otlp/v1/traces'],
    [{ [endpoint]: 'http://other', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://one/t' }, 'http://one/t'],
  ])('go by %o to %s', (env, url) => {
    expect(readTraceSettings(env)).toMatchObject({ url, protocol: 'http/protobuf' });
  });

  test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'are turned off by %o',
    (env) => {
      expect(readTraceSettings({ [endpoint]: 'http://collector:4318', ...env })).toBeUndefined();
    },
  );

  test('leave variables that are meant for another SDK of the process as they are', () => {
    const env = { [endpoint]: 'collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(readTraceSettings(env)).toMatchObject({ protocol: 'grpc' });
  });
});
