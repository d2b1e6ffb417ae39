"""Programs with sparse tensors give what they give in PyTorch."""

import pytest

pytest.importorskip("torch")

SETUP = """
numbers = np.random.RandomState(0)
def new(*shape, density=0.4):
    x = numbers.randn(*shape)
    x[numbers.rand(*shape) > density] = 0
    return M.tensor(x.astype("float32"))
A, B, C, v, H = new(4, 5), new(4, 5), new(5, 3), new(5, density=1.0), new(3, 4, 2)
s, r, c, t, q = A.to_sparse(), A.to_sparse_csr(), A.to_sparse_csc(), B.to_sparse(), B.to_sparse_csr()
b, k = new(4, 6).to_sparse_bsr((2, 3)), new(4, 6).to_sparse_bsc((2, 2))
h = H.to_sparse(2)
u = M.sparse_coo_tensor([[0, 0, 1, 0], [1, 1, 2, 1]], [1.0, 2.0, 3.0, 4.0], (4, 5))
z, zr = M.zeros(4, 5).to_sparse(), M.zeros(4, 5).to_sparse_csr()
def leaf(x):
    return x.detach().clone().requires_grad_()
def gradients(function, *tensors):
    result = function(*tensors)
    result = result if result.layout is M.strided else result.to_dense()
    weights = M.arange(float(max(result.numel(), 1)))[: result.numel()].reshape(result.shape) + 1
    (result * weights).sum().backward()
    return [x.grad for x in tensors]
"""
# With each of the tensors in place of X.
TEMPLATES = """
X.to_dense()
X*2
2*X
X/2
-X
X.sin()
X.sqrt()
X.abs()
X.relu()
X.sign()
M.expm1(X)
X.neg_()
X.pow(2)
X**2
X.sum()
X.sum(0)
X.sum(1)
X.sum(-1)
X.sum((0,1))
M.sparse.sum(X)
M.sparse.sum(X,0)
M.sparse.sum(X,1)
M.sparse.sum(X,(0,1))
M.sparse.sum(X,dtype=M.float64)
M.sparse.sum(X,0,dtype=M.float64)
X.sum(1,keepdim=True)
X.t()
X.transpose(0,1)
X.transpose(0,-1)
X.permute(1,0)
X.clone()
X.detach()
X.double()
X.to(M.float16)
X.to(M.int64)
X.to(M.complex64)
X.bool()
X.to_sparse()
X.to_sparse_csr()
X.to_sparse_csc()
X.to_sparse_bsr((2,1))
X.to_sparse_bsc((2,1))
X.to_sparse_bsr((3,3))
X.coalesce()
X.is_coalesced()
X._nnz()
X.values()
X.indices()
X[0]
X[-1]
X[9]
X[0,1]
X[0][1]
X.select(1,0)
X.select(0,9)
X.select(5,0)
X.index_select(0,M.tensor([1,0,1]))
X.index_select(1,M.tensor([2,0]))
X.index_select(0,M.tensor([9]))
X.index_select(-1,M.tensor([], dtype=M.int64))
X.narrow_copy(0,1,2)
X.narrow_copy(1,0,9)
X.unsqueeze(0)
X.unsqueeze(-1)
X.unsqueeze(7)
M.cat([X,X])
M.cat([X,X],1)
M.cat([X,X],-1)
M.stack([X,X])
M.zeros_like(X)
M.zeros_like(X,dtype=M.float64)
X.norm()
X.norm(1)
X.norm(float('inf'))
M.sparse.softmax(X,0)
M.sparse.softmax(X,1)
M.sparse.log_softmax(X,1)
M.sparse.softmax(X,1,dtype=M.float64)
M.softmax(X,1)
X.size()
X.shape
X.dim()
X.is_sparse
X.is_sparse_csr
X.layout
X.sparse_dim()
X.dense_dim()
X.requires_grad
X.dtype
repr(X)
str(X*1.5)
repr(X.double())
repr(X.long())
X.div_(2)
X.zero_()
X+X
X-X
X*X
M.add(X,X,alpha=2)
X+1
X+A
A+X
A*X
X*A
X*v
X/A
X*M.tensor(2.)
X/M.tensor(2.)
X@C
X@v
X.mm(C)
M.mm(X,C)
M.mv(X,v)
M.sparse.mm(X,C)
M.sparse.mm(X,C,'mean')
M.sparse.mm(X,C,'amin')
X@X.transpose(0,1)
C.t()@X.transpose(0,1)
M.addmm(M.ones(4,3),X,C)
M.addmm(M.ones(4,3),X,C,beta=.5,alpha=2.)
M.addmm(M.ones(3),X,C)
M.addmm(M.ones(4,1),X,C,beta=0)
M.sparse.addmm(M.ones(4,3),X,C,beta=2)
X@A
M.sparse.sampled_addmm(X,M.ones(4,2),M.ones(2,5))
M.sparse.sampled_addmm(X,M.ones(4,2),M.ones(2,5),beta=.5,alpha=2.)
M.sparse.sampled_addmm(X,M.ones(4,2),M.ones(3,5))
M.isnan(X)
X.floor()
M.log1p(X)
X.copy_(X*2)
X.any()
X.numpy()
X.item()
bool(X)
len(X)
M.mul(X,X.double())
M.add(X,X.double())
X+X.to(M.complex64)
M.nn.functional.linear(X.transpose(0,1),A.t())
X.T
X.mT
M.hstack([X,X])
M.vstack([X,X])
X.sparse_resize_((9,9),2,0)
X.sparse_resize_and_clear_((2,2),2,0)
X.is_same_size(X)
M.allclose(X.to_dense(),X.to_dense())
gradients(lambda x:x.to_dense(),leaf(X))
gradients(lambda x:x*2,leaf(X))
gradients(lambda x,y:M.sparse.mm(x,y),leaf(X),leaf(C))
gradients(lambda x,y:M.sparse.mm(x,y,'mean'),leaf(X),leaf(C))
gradients(lambda x:M.sparse.sum(x),leaf(X))
gradients(lambda x:M.sparse.sum(x,0),leaf(X))
gradients(lambda x:M.sparse.sum(x,1),leaf(X))
gradients(lambda x:x+x,leaf(X))
gradients(lambda x:x.sin(),leaf(X))
gradients(lambda x:x.t(),leaf(X))
gradients(lambda x:x.coalesce(),leaf(X))
gradients(lambda x:x.coalesce().values(),leaf(X))
gradients(lambda x:x.values(),leaf(X))
gradients(lambda x:x*x,leaf(X))
gradients(lambda x:M.sparse.softmax(x,1),leaf(X))
gradients(lambda x:M.sparse.log_softmax(x,1),leaf(X))
gradients(lambda x,y,w:M.sparse.addmm(y,x,w),leaf(X),leaf(M.ones(4,3)),leaf(C))
gradients(lambda x,y,w:M.sparse.sampled_addmm(x,y,w),leaf(X),leaf(M.ones(4,2)),leaf(M.ones(2,5)))
gradients(lambda x:x[1],leaf(X))
gradients(lambda x:x.index_select(0,M.tensor([1,0,1])),leaf(X))
gradients(lambda x:M.cat([x,x]),leaf(X))
gradients(lambda x:x.unsqueeze(0),leaf(X))
gradients(lambda x:x.to_sparse_csr(),leaf(X))
gradients(lambda x:x.to_sparse(),leaf(X))
gradients(lambda x:x.double(),leaf(X))
gradients(lambda x:x.norm(),leaf(X))
gradients(lambda x:x.to_sparse(),leaf(A))
gradients(lambda x:x.to_sparse_csr(),leaf(A))
gradients(lambda x:x.to_sparse_bsr((2,1)),leaf(A))
gradients(lambda i:M.sparse_coo_tensor([[0,1],[1,0]],i,(2,2)),leaf(M.ones(2)))
gradients(lambda i:M.sparse_csr_tensor([0,1,2],[1,0],i,(2,2)),leaf(M.ones(2)))
""".strip().splitlines()
EXPRESSIONS = """
M.autograd.grad(M.sparse.mm(x:=leaf(s),C).sum(),x)
M.sparse_coo_tensor([[0,9]],[1.,2.],(3,),check_invariants=True)
M.sparse_csr_tensor([0,1,3],[1,0,0],M.ones(3),(2,3),check_invariants=True)
M.sparse_csr_tensor([0,1,3],[1,2,0],M.ones(3),(2,3),check_invariants=True)
M.sparse_csr_tensor([0,1,3],[1,0,2],M.ones(3),(2,3),check_invariants=True)
M.sparse_csr_tensor([0,1,2],[1,0,2],M.ones(3),(2,3),check_invariants=True)
M.sparse_csr_tensor([1,1,3],[1,0,2],M.ones(3),(2,3),check_invariants=True)
M.sparse_csc_tensor([0,1,3],[1,0,2],M.ones(3),(3,2),check_invariants=True)
M.sparse_bsr_tensor([0,1,2],[1,0],M.ones(2,2,1),(4,2),check_invariants=True)
M.sparse_bsr_tensor([0,1,2],[1,0],M.ones(2,2,1),(4,3),check_invariants=True)
M.sparse_bsr_tensor([0,1,2],[1,0],M.ones(2,2,3),(4,4),check_invariants=True)
M.sparse_bsc_tensor([0,1,2],[1,0],M.ones(2,2,1),(4,2),check_invariants=True)
M.sparse_compressed_tensor(M.tensor([[0,1],[0,1]]),M.tensor([[0],[0]]),M.ones(2,1),(2,1,1),layout=M.sparse_csr)
M.stack([A,A]).to_sparse_csr()
M.stack([A,A*2]).to_sparse_csr().to_dense()
M.stack([A,B]).to_sparse_csr()
M.stack([A,A]).to_sparse_csr().transpose(-2,-1)
M.stack([A,A]).to_sparse_csr()[1]
M.stack([A,A]).to_sparse_bsr((2,5))
M.stack([A,A]).to_sparse_bsc((2,1)).to_dense()
M.stack([A,A]).to_sparse_csr()*2
M.stack([A,A]).to_sparse_csr().sin()
M.stack([A,A]).to_sparse_csr().sum()
M.stack([A,A]).to_sparse_csr().to_sparse()
M.stack([A,A]).to_sparse_csr().to_sparse_csc()
M.stack([A,A]).to_sparse_csr().clone()
M.stack([A,A],-1).to_sparse_csr(dense_dim=1)
M.stack([A,A],-1).to_sparse_csr(dense_dim=1).to_dense()
M.stack([A,A],-1).to_sparse_csc(dense_dim=1).to_sparse()
M.stack([A,A],-1).to_sparse_bsr((2,1),dense_dim=1)
M.stack([A,A],-1).to_sparse(2).to_sparse_csr()
M.stack([A,A]).to_sparse()@C
M.bmm(M.stack([A,A]).to_sparse(),M.stack([C,C]))
M.bmm(M.stack([A,B]).to_sparse(),M.stack([C,C])[:1])
h.sum(2)
h.sum((0,2))
h.select(2,0)
h.index_select(2,M.tensor([1]))
h.transpose(0,1)
h.transpose(1,2)
h.permute(1,0,2)
M.cat([h,h],2)
h.to_sparse(1)
h.coalesce().values()
h[0,1]
h.unsqueeze(3)
M.sparse.softmax(h,2)
M.sparse.softmax(h,0)
M.sparse.sum(h,2)
M.sparse.sum(h,(0,1))
M.sparse.sum(h,(0,2))
M.sparse.spdiags(M.arange(6.).reshape(2,3),M.tensor([0,-1]),(3,3))
M.sparse.spdiags(M.arange(6.).reshape(2,3),M.tensor([2,-1]),(4,5),layout=M.sparse_csr)
M.sparse.spdiags(M.arange(6.).reshape(2,3),M.tensor([2,2]),(4,5))
M.sparse.spdiags(M.arange(6.).reshape(2,3),M.tensor([2]),(4,5))
M.sparse.spdiags(M.arange(3.),M.tensor(1),(4,5))
M.sparse.spdiags(M.arange(6.).reshape(2,3),M.tensor([2,1],dtype=M.int32),(4,5))
M.smm(s,C)
M.sspaddmm(M.zeros(4,3).to_sparse(),s,C)
M.sparse_coo_tensor([[0]],[1.])._nnz()
M.sparse.log_softmax(u,0)
M.isclose(s.to_dense(),A)
A.to_sparse(layout=M.sparse_bsr,blocksize=(2,5))
A.to_sparse(layout=M.sparse_bsr)
A.to_sparse(2,layout=M.sparse_coo)
s.to_sparse(layout=M.sparse_csr)
r.to_sparse(layout=M.sparse_coo)
r.to_sparse_bsr((2,1)).to_sparse_csr()
s.to_dense(masked_grad=True)
M.sparse_coo_tensor(M.tensor([[0,1]],dtype=M.int32),M.ones(2)).indices().dtype
r.crow_indices().dtype
M.sparse_csr_tensor(M.tensor([0,1],dtype=M.int32),M.tensor([0],dtype=M.int32),[1.]).to_dense()
M.sparse_csr_tensor(M.tensor([0,1],dtype=M.int32),M.tensor([0],dtype=M.int32),[1.]).to_sparse().indices().dtype
M.sparse_csr_tensor(M.tensor([0,1],dtype=M.int32),M.tensor([0],dtype=M.int32),[1.])@M.ones(1,1)
M.addmm(M.zeros(4,4),r,q.transpose(0,1))
(r@q.transpose(0,1)).layout
(s@t.t()).layout
M.mm(A,t.t())
A@r.transpose(0,1)
M.matmul(v,s.t())
s.sparse_mask(t)
M.sparse_coo_tensor([[0,0]],M.ones(2,dtype=M.bool),(2,)).coalesce()
M.sparse_coo_tensor([[0,0]],M.ones(2,dtype=M.int8)*100,(2,)).coalesce()
(s.to(M.complex64)*1j).conj()
s.bool().to_dense()
M.sparse_coo_tensor([[0,0],[1,1]],M.tensor([1.,2.],dtype=M.float16),(2,2)).to_dense()
M.sparse_coo_tensor([[0,0],[1,1]],M.tensor([1.,2.],dtype=M.bfloat16),(2,2)).coalesce().to_dense()
s.long().sum()
s.long().sum(0)
s.bool().sum()
M.sparse.sum(s.long(),0)
(s>0)
s.is_coalesced()
u.is_coalesced()
u.coalesce().is_coalesced()
s.t().is_coalesced()
(s*2).is_coalesced()
(u*2).is_coalesced()
(s+s).is_coalesced()
(s+t).is_coalesced()
(s+u).is_coalesced()
M.cat([s,s]).is_coalesced()
s.sin().is_coalesced()
r.to_sparse().is_coalesced()
c.to_sparse().is_coalesced()
(s@t.t()).is_coalesced()
s.index_select(0,M.tensor([0,1])).is_coalesced()
s.sum(0).is_coalesced()
s.clone().is_coalesced()
s.double().is_coalesced()
s.detach().is_coalesced()
M.zeros_like(s).is_coalesced()
M.sparse_coo_tensor([[0]],[1.]).is_coalesced()
""".strip().splitlines()
PROGRAMS = [
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1])).pow(2).sum().backward()
r = E.weight.grad""",
    """E=M.nn.Embedding(6,3,sparse=True,padding_idx=2)
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1])).pow(2).sum().backward()
r = E.weight.grad""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1])).pow(2).sum().backward()
E(M.tensor([5])).sum().backward()
r = E.weight.grad""",
    """E=M.nn.EmbeddingBag(6,3,sparse=True,mode='sum')
M.nn.init.ones_(E.weight)
E(M.tensor([[1,2],[1,3]])).pow(2).sum().backward()
r = E.weight.grad""",
    """E=M.nn.EmbeddingBag(6,3,sparse=True,mode='mean')
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1,3]),M.tensor([0,3])).pow(2).sum().backward()
r = E.weight.grad""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1])).pow(2).sum().backward()
n=M.nn.utils.clip_grad_norm_(E.parameters(),1.)
r = (n,E.weight.grad)""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
E(M.tensor([1,2,1])).pow(2).sum().backward()
M.nn.utils.clip_grad_value_(E.parameters(),1.)
r = E.weight.grad""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.SparseAdam(E.parameters(),lr=.1)
[ (o.zero_grad(),E(M.tensor([1,i%3,1])).pow(2).sum().backward(),o.step()) for i in range(4)]
r = E.weight""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.SGD(E.parameters(),lr=.1)
[ (o.zero_grad(),E(M.tensor([1,i%3,1])).pow(2).sum().backward(),o.step()) for i in range(4)]
r = E.weight""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.SGD(E.parameters(),lr=.1,momentum=.9)
[ (o.zero_grad(),E(M.tensor([1,i%3,1])).pow(2).sum().backward(),o.step()) for i in range(4)]
r = E.weight""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.Adagrad(E.parameters(),lr=.1)
[ (o.zero_grad(),E(M.tensor([1,i%3,1])).pow(2).sum().backward(),o.step()) for i in range(4)]
r = E.weight""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.Adam(E.parameters(),lr=.1)
E(M.tensor([1,2,1])).pow(2).sum().backward()
r = o.step()""",
    """E=M.nn.Embedding(6,3,sparse=True)
M.nn.init.ones_(E.weight)
o=M.optim.SGD(E.parameters(),lr=.1,weight_decay=.1)
E(M.tensor([1,2,1])).pow(2).sum().backward()
r = o.step()""",
    """E=M.nn.Embedding(6,3)
o=M.optim.SparseAdam(E.parameters())
E(M.tensor([1])).sum().backward()
r = o.step()""",
]


@pytest.mark.parametrize("x", ["s", "r", "c", "b", "k", "u", "z", "zr", "h"])
def test_templates(x, same_as_torch):
    for line in TEMPLATES:
        same_as_torch(SETUP, f"r = {line.replace('X', x)}", lenient=True)


@pytest.mark.parametrize("program", [*(f"r = {line}" for line in EXPRESSIONS), *PROGRAMS])
def test_programs(program, same_as_torch):
    same_as_torch(SETUP, program, lenient=True)
