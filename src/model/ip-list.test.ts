import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createIpList, isIpEntry } from './ip-list.ts';

const v4 = fc.ipV4();
const v6 = fc.ipV6();

function v4Number(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

function v4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** A prefix with no bits set beyond its length, and an address. */
const v4Cases = fc.tuple(v4, fc.integer({ min: 0, max: 32 }), v4).map(([base, length, address]) => {
  const size = 2 ** (32 - length);
  const network = v4Text(Math.floor(v4Number(base) / size) * size);
  // Half of the addresses lie near the network, or hardly one would be in it.
  const near = v4Text((v4Number(network) + (v4Number(address) % (size * 2))) % 2 ** 32);
  return { network, length, addresses: [address, near] };
});

describe('an IP list', () => {
  it('contains what the platform says lies in a prefix, written as IPv4 or mapped into IPv6', () => {
    fc.assert(
      fc.property(v4Cases, ({ network, length, addresses }) => {
        const expected = new BlockList();
        expected.addSubnet(network, length, 'ipv4');
        const list = createIpList([`${network}/${length}`]);
        for (const address of addresses) {
          assert.equal(list.contains(address), expected.check(address, 'ipv4'), address);
          assert.equal(list.contains(`::ffff:${address}`), expected.check(address, 'ipv4'), address);
        }
      }),
    );
  });

  it('contains exactly the address it names, however that is written', () => {
    fc.assert(
      fc.property(v6, v6, (one, other) => {
        const expected = new BlockList();
        expected.addAddress(one, 'ipv6');
        const list = createIpList([one]);
        assert.ok(list.contains(one));
        assert.ok(list.contains(one.toUpperCase()));
        assert.ok(list.contains(`${one}%eth0`));
        assert.equal(list.contains(other), expected.check(other, 'ipv6'));
      }),
    );
  });

  it('takes the addresses that the platform takes, and no other text', () => {
    const texts = fc.oneof(v4, v6, fc.stringMatching(/^[0-9a-f:.]{1,24}$/), fc.string());
    fc.assert(fc.property(texts, (text) => isIpEntry(text) === (isIP(text) !== 0 && !text.includes('%'))));
  });

  it('refuses prefixes that are too long, have bits beyond their length, or are no prefixes', () => {
    for (const entry of ['10.0.0.0/33', '10.0.0.1/8', '2001:db8::1/32', '::/129', '10.0.0.0/', '10.0.0.0/08'])
      assert.equal(isIpEntry(entry), false, entry);
    for (const entry of ['10.0.0.0/-1', '10.0.0.0/8/8', '/8', 'localhost', '010.0.0.1', 'fe80::1%eth0'])
      assert.equal(isIpEntry(entry), false, entry);
    for (const entry of ['0.0.0.0/0', '::/0', '2001:db8::/32', '10.1.2.3/32', '::ffff:10.0.0.0/104'])
      assert.ok(isIpEntry(entry), entry);
  });

  it('keeps the families apart: a prefix of one contains no address of the other', () => {
    assert.equal(createIpList(['::/0']).contains('192.0.2.7'), false);
    assert.equal(createIpList(['0.0.0.0/0']).contains('2001:db8::1'), false);
    assert.ok(createIpList(['::ffff:10.0.0.0/104']).contains('10.1.2.3'));
  });

  it('contains nothing by a malformed entry, and no text that is no address', () => {
    const list = createIpList(['10.0.0.1/8', '192.0.2.7']);
    assert.equal(list.contains('10.0.0.1'), false);
    assert.ok(list.contains('192.0.2.7'));
    for (const text of ['', '192.0.2', 'unix:', '192.0.2.7.1'])
      assert.equal(list.contains(text), false, text);
  });
});
