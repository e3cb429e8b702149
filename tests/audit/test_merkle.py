import hashlib

import metamorphic_log
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle
from audit.merkle import Frontier, ProofError

# The inputs and roots that certificate transparency logs have tested with since RFC 6962.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """The tree as RFC 6962 section 2.1 defines it, without any cleverness."""

    def __init__(self, size: int) -> None:
        self.leaves = [merkle.leaf_hash(str(number).encode()) for number in range(size)]

    def root(self, begin: int = 0, end: int | None = None) -> bytes:
        end = len(self.leaves) if end is None else end
        if end - begin == 0:
            return hashlib.sha256(b"").digest()
        if end - begin == 1:
            return self.leaves[begin]
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        return merkle.node_hash(self.root(begin, middle), self.root(middle, end))

    def node(self, height: int, position: int) -> bytes:
        return self.root(position << height, (position + 1) << height)


sizes = st.integers(1, 600)


class TestFrontier:
    @pytest.mark.parametrize("size", range(len(ROOTS)))
    def test_leads_to_the_known_roots(self, size: int) -> None:
        frontier = Frontier().extended(merkle.leaf_hash(leaf) for leaf in INPUTS[:size])

        assert frontier.root().hex() == ROOTS[size]

    @given(st.integers(0, 300), st.integers(0, 300))
    def test_may_be_stored_at_any_point_and_extended_later(self, first: int, more: int) -> None:
        tree = Tree(first + more)
        stored = Frontier().extended(tree.leaves[:first])

        read = Frontier.from_bytes(size=first, content=stored.to_bytes())

        assert read.extended(tree.leaves[first:]).root() == tree.root()

    @pytest.mark.parametrize(("size", "length"), [(0, 32), (1, 0), (3, 32), (4, 64), (1, 31)])
    def test_refuses_bytes_of_a_tree_of_another_size(self, size: int, length: int) -> None:
        with pytest.raises(ValueError, match="frontier"):
            Frontier.from_bytes(size=size, content=bytes(length))


class TestInclusionProof:
    @given(st.data(), sizes)
    def test_is_accepted_here_and_by_another_program(self, data: st.DataObject, size: int) -> None:
        tree, index = Tree(size), data.draw(st.integers(0, size - 1))

        proof = merkle.inclusion_proof(index=index, size=size, node=tree.node)

        leaf, root = tree.leaves[index], tree.root()
        merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)
        metamorphic_log.verify_inclusion(index, size, leaf, proof, root)

    @given(st.data(), st.integers(2, 80))
    def test_is_refused_when_anything_is_changed(self, data: st.DataObject, size: int) -> None:
        tree, index = Tree(size), data.draw(st.integers(0, size - 1))
        proof = merkle.inclusion_proof(index=index, size=size, node=tree.node)
        changed = data.draw(st.sampled_from(["leaf", "index", "proof", "root", "more", "less"]))
        leaf, root = tree.leaves[index], tree.root()
        place = data.draw(st.integers(0, len(proof) - 1))

        match changed:
            case "leaf":
                leaf = flipped(leaf, data)
            case "index":
                index = data.draw(st.integers(0, 2 * size).filter(lambda other: other != index))
            case "proof":
                proof[place] = flipped(proof[place], data)
            case "root":
                root = flipped(root, data)
            case "more":
                proof.insert(place, bytes(32))
            case _:
                del proof[place]

        with pytest.raises(ProofError):
            merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)
        with pytest.raises(metamorphic_log.VerifyError):  # the other program agrees
            metamorphic_log.verify_inclusion(index, size, leaf, proof, root)

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (2, 1)])
    def test_is_refused_outside_the_log(self, index: int, size: int) -> None:
        leaf = Tree(1).leaves[0]

        with pytest.raises(ProofError):
            merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=[], root=leaf)
        with pytest.raises(IndexError):
            merkle.inclusion_proof(index=index, size=size, node=Tree(1).node)


class TestConsistencyProof:
    @given(st.data(), sizes)
    def test_is_accepted_here_and_by_another_program(self, data: st.DataObject, size: int) -> None:
        tree, first = Tree(size), data.draw(st.integers(1, size))

        proof = merkle.consistency_proof(first=first, size=size, node=tree.node)

        old, new = tree.root(0, first), tree.root()
        merkle.verify_consistency(first=first, first_root=old, size=size, root=new, proof=proof)
        metamorphic_log.verify_consistency(first, size, proof, old, new)

    @given(st.data(), st.integers(2, 80))
    def test_is_refused_when_anything_is_changed(self, data: st.DataObject, size: int) -> None:
        tree, first = Tree(size), data.draw(st.integers(1, size - 1))
        proof = merkle.consistency_proof(first=first, size=size, node=tree.node)
        old, new = tree.root(0, first), tree.root()
        place = data.draw(st.integers(0, len(proof) - 1))

        match data.draw(st.sampled_from(["old", "new", "proof", "more", "less"])):
            case "old":
                old = flipped(old, data)
            case "new":
                new = flipped(new, data)
            case "proof":
                proof[place] = flipped(proof[place], data)
            case "more":
                proof.insert(place, bytes(32))
            case _:
                del proof[place]

        with pytest.raises(ProofError):
            merkle.verify_consistency(first=first, first_root=old, size=size, root=new, proof=proof)
        with pytest.raises(metamorphic_log.VerifyError):
            metamorphic_log.verify_consistency(first, size, proof, old, new)

    @pytest.mark.parametrize(("first", "size"), [(0, 1), (2, 1), (-1, 1), (0, 0)])
    def test_is_refused_for_logs_that_cannot_follow_each_other(self, first: int, size: int) -> None:
        root = Tree(1).root()

        with pytest.raises(ProofError):
            merkle.verify_consistency(first=first, first_root=root, size=size, root=root, proof=[])
        with pytest.raises(IndexError):
            merkle.consistency_proof(first=first, size=size, node=Tree(1).node)

    def test_is_refused_for_two_logs_of_one_size(self) -> None:
        with pytest.raises(ProofError):
            merkle.verify_consistency(
                first=1, first_root=bytes(32), size=1, root=Tree(1).root(), proof=[]
            )


class TestHashes:
    def test_are_refused_when_the_bytes_do_not_divide(self) -> None:
        with pytest.raises(ValueError, match="hashes"):
            merkle.in_hashes(bytes(33))


def flipped(content: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)
