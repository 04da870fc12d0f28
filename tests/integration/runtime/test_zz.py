"""x"""
from sqlalchemy import text
async def test_x(load, postgres, log):
    async with load(orders={"url": postgres.url()}) as r:
        for st in ["SELECT CAST(:c AS integer)", "SELECT CAST(CAST(:c AS text) AS integer)"]:
            try:
                async with r.session("orders") as s:
                    await s.execute(text(st), {"c": "canary"})
            except Exception as e:
                print("LEAK", "canary" in str(e), str(e)[:300]); print("LOG", "canary" in str(log))
