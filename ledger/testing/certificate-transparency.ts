const node = {
  '0': '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  '1': '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
  '4': 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  '0-1': 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  '2-3': '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  '4-5': '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
  '6-7': 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  '0-3': 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4-7': '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
};

/**
 * The test data of Certificate Transparency, as its Merkle tree tests publish it: what eight leaves
 * say, the root after each, and proofs. Hex.
 */
export const certificateTransparency: {
  readonly leaves: readonly string[];
  /** After one leaf, two, … eight. */
  readonly roots: readonly string[];
  readonly inclusion: readonly { index: number; size: number; proof: string[] }[];
  readonly consistency: readonly { from: number; to: number; proof: string[] }[];
} = {
  leaves: [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ],
  roots: [
    node['0'],
    node['0-1'],
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    node['0-3'],
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
  inclusion: [
    { index: 0, size: 1, proof: [] },
    { index: 0, size: 8, proof: [node['1'], node['2-3'], node['4-7']] },
    { index: 5, size: 8, proof: [node['4'], node['6-7'], node['0-3']] },
    { index: 2, size: 3, proof: [node['0-1']] },
    { index: 1, size: 5, proof: [node['0'], node['2-3'], node['4']] },
  ],
  consistency: [
    { from: 1, to: 1, proof: [] },
    { from: 1, to: 8, proof: [node['1'], node['2-3'], node['4-7']] },
    { from: 6, to: 8, proof: [node['4-5'], node['6-7'], node['0-3']] },
    { from: 2, to: 5, proof: [node['2-3'], node['4']] },
  ],
};
