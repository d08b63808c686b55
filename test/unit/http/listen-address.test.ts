import { InputError } from '../../../src/domain/input-error';
import { formatListenAddress, parseListenAddress } from '../../../src/http/listen-address';

test.each([
  ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
])('reads %s, and writes it again', (text, address) => {
  expect(parseListenAddress(text, 'X')).toEqual(address);
  expect(formatListenAddress(address)).toBe(text);
});

test.each([
  '',
  '9464',
  '0.0.0.0',
  '0.0.0.0:',
  'localhost:9464',
  '127.0.0.1:65536',
  '127.0.0.1:0x50',
  '127.0.0.1:-1',
  '::1:9464',
  '[127.0.0.1]:1',
  '::1',
])('refuses "%s" by the name of the field, without the value', (text) => {
  const parse = () => parseListenAddress(text, 'X');
  expect(parse).toThrow(InputError);
  expect(parse).toThrow(
    /^X: not an address to listen on; write an IP address and a port, such as 127\.0\.0\.1:8791$/,
  );
});
