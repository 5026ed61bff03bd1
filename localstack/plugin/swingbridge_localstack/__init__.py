"""LocalStack plugin of Swingbridge's tests; see providers.py and runtime.py."""
