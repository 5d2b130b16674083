import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createIpList } from '../../src/model/ip-list.ts';
import { normalAddress, peerAddressOf } from '../../src/transport/http/peer-address.ts';

const trusted = createIpList(['10.0.0.0/8', '2001:db8::1']);

describe('the address of a call', () => {
  it('is the other end of the socket, whatever a stranger says in X-Forwarded-For', () => {
    assert.equal(peerAddressOf('192.0.2.7', '198.51.100.1', trusted), '192.0.2.7');
    assert.equal(peerAddressOf('192.0.2.7', undefined, createIpList([])), '192.0.2.7');
  });

  it('is plain IPv4 where the socket shows it mapped into IPv6', () => {
    assert.equal(peerAddressOf('::ffff:192.0.2.7', undefined, trusted), '192.0.2.7');
  });

  it('is the rightmost hop that is no trusted proxy', () => {
    assert.equal(peerAddressOf('10.0.0.1', '203.0.113.9, 198.51.100.1, 10.1.1.1', trusted), '198.51.100.1');
    assert.equal(peerAddressOf('2001:db8::1', '198.51.100.1', trusted), '198.51.100.1');
  });

  it('is read from a header given more than once as from one list', () => {
    assert.equal(peerAddressOf('10.0.0.1', ['203.0.113.9', '198.51.100.1'], trusted), '198.51.100.1');
  });

  it('is the last proxy where no hop before it can be read', () => {
    assert.equal(peerAddressOf('10.0.0.1', 'unknown, 10.0.0.2', trusted), '10.0.0.2');
    assert.equal(peerAddressOf('10.0.0.1', undefined, trusted), '10.0.0.1');
    assert.equal(peerAddressOf('10.0.0.1', '10.0.0.3', trusted), '10.0.0.3');
  });

  it('is not changed by whatever a caller puts into the header before a proxy adds to it', () => {
    const invented = fc.oneof(
      fc.string(),
      fc.constantFrom('10.0.0.1', '127.0.0.1', '::1', '10.0.0.1, 10.0.0.2', ',', ' , ', '::ffff:10.0.0.1'),
    );
    fc.assert(
      fc.property(fc.array(invented, { maxLength: 4 }), (texts) => {
        const header = [...texts, '203.0.113.9'].join(',');
        assert.equal(peerAddressOf('10.0.0.1', header, trusted), '203.0.113.9');
        assert.equal(peerAddressOf('10.0.0.1', `${header}, 10.9.9.9`, trusted), '203.0.113.9');
        assert.equal(peerAddressOf('10.0.0.1', [...texts, '203.0.113.9'], trusted), '203.0.113.9');
        assert.equal(peerAddressOf('192.0.2.7', header, trusted), '192.0.2.7');
      }),
    );
  });

  it('is one text for one address, however a proxy writes it', () => {
    for (const text of ['2001:db8::7', '2001:0DB8:0:0::7', '[2001:db8::7]:443', '2001:db8::7%eth0'])
      assert.equal(peerAddressOf('10.0.0.1', text, trusted), '2001:db8::7');
    for (const text of ['198.51.100.1', '::ffff:198.51.100.1', '::ffff:c633:6401', '198.51.100.1:8080'])
      assert.equal(peerAddressOf('10.0.0.1', text, trusted), '198.51.100.1');
  });

  it('knows a trusted proxy that is written as IPv4 mapped into IPv6, on either side', () => {
    assert.equal(peerAddressOf('::ffff:10.0.0.1', '198.51.100.1, ::ffff:10.2.2.2', trusted), '198.51.100.1');
    const mapped = createIpList(['::ffff:10.0.0.0/104']);
    assert.equal(peerAddressOf('10.0.0.1', '198.51.100.1', mapped), '198.51.100.1');
  });

  it('is empty when the socket is gone', () => {
    assert.equal(peerAddressOf(undefined, '198.51.100.1', trusted), '');
  });
});

describe('an address as written', () => {
  it('loses brackets, port, mapping and capital letters', () => {
    assert.equal(normalAddress('[2001:DB8::2]:443'), '2001:db8::2');
    assert.equal(normalAddress('[2001:db8::2]'), '2001:db8::2');
    assert.equal(normalAddress('192.0.2.7:8080'), '192.0.2.7');
    assert.equal(normalAddress('::FFFF:192.0.2.7'), '192.0.2.7');
  });

  it('is none where it is something else', () => {
    for (const text of ['', 'unknown', '_hidden', '999.1.1.1', 'example.org', '192.0.2.7, 192.0.2.8'])
      assert.equal(normalAddress(text), null, text);
  });
});
