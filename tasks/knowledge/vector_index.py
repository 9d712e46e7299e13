LEAD=256
def index_name(x): return x
