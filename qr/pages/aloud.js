(()=>{const s=window.speechSynthesis,b=document.getElementById("doc"),go=b.textContent;if(!s)return;
const voice=()=>s.getVoices().find(v=>v.lang.toLowerCase().startsWith(b.value)),
show=()=>{b.hidden=!voice()},
stop=()=>{s.cancel();b.textContent=go};
show();s.addEventListener("voiceschanged",show);addEventListener("pagehide",stop);
b.onclick=()=>{if(b.textContent!=go)return stop();
b.textContent=b.dataset.stop;
const all=[...document.querySelectorAll("[data-say]")];
all.forEach((e,i)=>{const u=new SpeechSynthesisUtterance(e.innerText);
u.voice=voice();u.lang=u.voice.lang;u.rate=.9;
u.onstart=()=>e.scrollIntoView({block:"center"});
if(i==all.length-1)u.onend=stop;s.speak(u)})}})()
