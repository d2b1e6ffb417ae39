"""placeholder"""
class MultiheadAttention: pass
