"""Operations written in terms of others."""

__all__: list[str] = []
