/* Tells at the end of a process whether OpenTelemetry's SDK was loaded in it. */
process.on('exit', () => {
  const loaded = Object.keys(require.cache).some((file) => /@opentelemetry.(sdk-trace|exporter)/.test(file));
  process.stderr.write(`OpenTelemetry SDK loaded: ${loaded}\n`);
});
