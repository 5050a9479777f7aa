from ..writing import print_topic

print_topic("line_search")
