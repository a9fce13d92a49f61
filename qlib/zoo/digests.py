"""SHA-256 of the stored networks, as `sha256sum *.npz` prints them.

Chapter: mobilenet
"""

SUMS = """\
3b84ca4ce516447ea90ee116ec498f8bc3b45a64aea1e241455d5f11fc65919a  digits-0.npz
2226c356388170f45e4fe7fc623b21da61f3ce950839a323e4016777975a14e6  digits-1.npz
25fe0988c7fdee38601c95a88d88409dd04463392c0e90b2928d64ea72c26997  digits-2.npz
13be6c7900ad7ed9687d23192b612a283cb30f106128381771cdac281a5ecbbc  digits-3.npz
6f282f1d3a23993e32b16621c096b65df025c3500a8d5c6ba60da3493b662f99  digits-4.npz
0dbd1d078463ba69b12fcc902a0ad6df7217deb42a9b6c4569fdae0713915e00  cnn-0.npz
80b782d9549dfbeed9195ec9f1bfe76fd97a4949129066c56249b84624bc11d7  cnn-1.npz
7e39a18309d62257394a92f27dfed8c0d414f18778f8637e3fbdec8582915057  cnn-2.npz
94de06cd267a23424a6a5a3becfb9c469cd0f5d639571d8e847fd246129aa52e  cnn-3.npz
ec70de5822186b86c8437dfae0755c3d6f51a772b49dc0e43cea8a5e0732876f  cnn-4.npz
"""
DIGESTS = {
    name.removesuffix(".npz"): digest
    for digest, name in map(str.split, SUMS.splitlines())
}
